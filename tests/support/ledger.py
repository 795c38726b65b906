# SPDX-License-Identifier: Apache-2.0
"""A worker's transactions, written in SQL by the ledger's contract."""


class Loads:
    """Chunks of one dataset into its table, each in one transaction on `connection`, which is autocommit."""

    def __init__(self, connection, dataset, table, key, columns):
        self.connection = connection
        self.dataset = dataset
        self.table = table
        self.key = key
        self.columns = columns

    def chunk(self, file_id, chunk, first_row, rows, commit=True):
        """Last wins. `rows`: {row number: values}."""
        with self.connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("INSERT INTO penstock.file (dataset, file_id, sha256, name) VALUES (%s, %s, '', 'f') "
                           "ON CONFLICT DO NOTHING", (self.dataset, file_id))
            cursor.execute("SELECT state FROM penstock.file WHERE dataset = %s AND file_id = %s",
                           (self.dataset, file_id))
            stays_out = cursor.fetchone()[0] in ("superseded", "retracted")
            fresh = sum(self._merge(cursor, (*values, file_id, row)) for row, values in rows.items()
                        if not stays_out)
            cursor.execute("INSERT INTO penstock.chunk (dataset, file_id, chunk, byte_start, byte_end, first_row, "
                           "records, rows, rejects, replaced, partition, \"offset\", worker, crc) "
                           "VALUES (%s, %s, %s, 0, 0, %s, %s, %s, 0, %s, 0, 0, 'test', '')",
                           (self.dataset, file_id, chunk, first_row, len(rows), len(rows),
                            0 if stays_out else len(rows) - fresh))
        if commit:
            self.commit()

    def _merge(self, cursor, values):
        names = [*self.columns, "_file", "_row"]
        assign = ", ".join(f"{name} = excluded.{name}" for name in names)
        cursor.execute(f"INSERT INTO {self.table} AS t ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))}) "
                       f"ON CONFLICT ({self.key}) DO UPDATE SET {assign} "
                       "WHERE (excluded._file, excluded._row) > (t._file, t._row) RETURNING t.xmax = 0", values)
        found = cursor.fetchone()
        return bool(found and found[0])

    def commit(self):
        with self.connection.cursor() as cursor:
            cursor.execute("COMMIT")

    def retract(self, file_id):
        with self.connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT pg_advisory_xact_lock(penstock.dataset_lock(%s))", (self.dataset,))
            cursor.execute("UPDATE penstock.file SET state = 'retracted', removed_txid = pg_current_xact_id() "
                           "WHERE dataset = %s AND file_id = %s", (self.dataset, file_id))
            cursor.execute(f"DELETE FROM {self.table} WHERE _file = %s", (file_id,))
            cursor.execute("COMMIT")

-- The topic of examples/orders-marts in ClickHouse: queue, final table, and the view between them.
-- {broker} is where Kafka is; README.md tells how another dataset is written down.

-- Each message is a complete Avro file with the chunk's rows.
CREATE TABLE orders_queue (
  order_id Int64,
  line Int32,
  customer String,
  sku String,
  quantity Int32,
  unit_price Decimal(10, 2),
  state LowCardinality(String),
  ordered_at DateTime64(6, 'UTC')
) ENGINE = Kafka
SETTINGS kafka_broker_list = '{broker}',
  kafka_topic_list = 'shop.orders',
  kafka_group_name = 'clickhouse',
  kafka_format = 'Avro',
  kafka_thread_per_consumer = 1;

-- Of the rows with one key the greatest version stays: penstock's rule `last`, whatever the order they come in.
CREATE TABLE orders (
  order_id Int64,
  line Int32,
  customer String,
  sku String,
  quantity Int32,
  unit_price Decimal(10, 2),
  state LowCardinality(String),
  ordered_at DateTime64(6, 'UTC'),
  _version UInt128
) ENGINE = ReplacingMergeTree(_version)
ORDER BY (order_id, line);

-- The version is (file id, place in the file): the message's key, and its first row number with the row's place in it.
CREATE MATERIALIZED VIEW orders_load TO orders AS
SELECT
  order_id,
  line,
  customer,
  sku,
  quantity,
  unit_price,
  state,
  ordered_at,
  bitShiftLeft(toUInt128(_key), 64)
    + toUInt128(_headers.value[indexOf(_headers.name, 'penstock.first')])
    + row_number() OVER (PARTITION BY _partition, _offset) - 1 AS _version
FROM orders_queue;

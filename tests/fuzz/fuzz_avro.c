/* SPDX-License-Identifier: Apache-2.0 */
/* The input is a container file as it is; or, behind a first byte that is no 'O', blocks of one
 * whose header stands here, in the codec the byte chooses. */
#include "reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char schema[] = "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"a\","
			     "\"type\":[\"null\",\"long\"]},"
			     "{\"name\":\"b\",\"type\":\"string\"},{\"name\":\"c\",\"type\":{"
			     "\"type\":\"map\",\"values\":"
			     "{\"type\":\"array\",\"items\":\"double\"}}}]}";

static void put_text(struct buf *out, const char *text)
{
	size_t len = strlen(text);
	buf_append_byte(out, (unsigned char)((len << 1 & 127) | 128));
	buf_append_byte(out, (unsigned char)(len >> 6));
	buf_append_text(out, text);
}

static void put_header(struct buf *out, const char *codec)
{
	buf_append_text(out, "Obj\x01\x04");
	put_text(out, "avro.codec");
	put_text(out, codec);
	put_text(out, "avro.schema");
	put_text(out, schema);
	buf_append(out, "\0SSSSSSSSSSSSSSSS", 17);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const codecs[] = {
		"null", "deflate", "snappy", "zstandard", "bzip2", "xz"};
	struct reading reading = {.format = FORMAT_AVRO};
	struct buf file;
	if (size == 0 || data[0] == 'O') {
		read_twice(&reading, data, size);
		return 0;
	}
	buf_init(&file, size + 4096);
	put_header(&file, codecs[data[0] % 6]);
	buf_append(&file, data + 1, size - 1);
	read_twice(&reading, file.data, file.len);
	buf_release(&file);
	return 0;
}

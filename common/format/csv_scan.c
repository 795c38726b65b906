/* SPDX-License-Identifier: Apache-2.0 */
#include "format/csv_scan.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static bool runs_always(void)
{
	return true;
}

static void scan_portable(const unsigned char *data, size_t blocks, struct csv_bytes bytes,
	uint64_t *ret_marks, uint8_t *ret_high)
{
	for (size_t b = 0; b < blocks; b++, data += 64) {
		uint64_t marks = 0;
		unsigned char all = 0;
		for (unsigned i = 0; i < 64; i++) {
			unsigned char c = data[i];
			uint64_t mark =
				c == bytes.delimiter || c == bytes.quote || c == '\n' || c == '\r';
			marks |= mark << i;
			all |= c;
		}
		ret_marks[b] = marks;
		ret_high[b] = all >> 7;
	}
}

#if defined(__x86_64__)

static void scan_sse2(const unsigned char *data, size_t blocks, struct csv_bytes bytes,
	uint64_t *ret_marks, uint8_t *ret_high)
{
	const __m128i delimiter = _mm_set1_epi8((char)bytes.delimiter);
	const __m128i quote = _mm_set1_epi8((char)bytes.quote);
	const __m128i lf = _mm_set1_epi8('\n');
	const __m128i cr = _mm_set1_epi8('\r');
	for (size_t b = 0; b < blocks; b++) {
		uint64_t marks = 0;
		__m128i all = _mm_setzero_si128();
		for (unsigned i = 0; i < 4; i++, data += 16) {
			__m128i v = _mm_loadu_si128((const __m128i *)(const void *)data);
			__m128i cell = _mm_or_si128(
				_mm_cmpeq_epi8(v, delimiter), _mm_cmpeq_epi8(v, quote));
			__m128i line = _mm_or_si128(_mm_cmpeq_epi8(v, lf), _mm_cmpeq_epi8(v, cr));
			unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(cell, line));
			marks |= (uint64_t)mask << 16 * i;
			all = _mm_or_si128(all, v);
		}
		ret_marks[b] = marks;
		ret_high[b] = _mm_movemask_epi8(all) != 0;
	}
}

__attribute__((target("avx2"))) static inline uint64_t marks_avx2(
	__m256i v, __m256i delimiter, __m256i quote)
{
	__m256i cell =
		_mm256_or_si256(_mm256_cmpeq_epi8(v, delimiter), _mm256_cmpeq_epi8(v, quote));
	__m256i line = _mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('\n')),
		_mm256_cmpeq_epi8(v, _mm256_set1_epi8('\r')));
	return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(cell, line));
}

__attribute__((target("avx2"))) static void scan_avx2(const unsigned char *data, size_t blocks,
	struct csv_bytes bytes, uint64_t *ret_marks, uint8_t *ret_high)
{
	const __m256i delimiter = _mm256_set1_epi8((char)bytes.delimiter);
	const __m256i quote = _mm256_set1_epi8((char)bytes.quote);
	for (size_t b = 0; b < blocks; b++, data += 64) {
		__m256i low = _mm256_loadu_si256((const __m256i *)(const void *)data);
		__m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(data + 32));
		ret_marks[b] = marks_avx2(low, delimiter, quote) |
			       marks_avx2(high, delimiter, quote) << 32;
		ret_high[b] = _mm256_movemask_epi8(_mm256_or_si256(low, high)) != 0;
	}
}

static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}

#endif

const struct csv_kernel csv_kernels[] = {
#if defined(__x86_64__)
	{"avx2", scan_avx2, has_avx2},
	{"sse2", scan_sse2, runs_always},
#endif
	{"portable", scan_portable, runs_always},
};
const size_t csv_kernel_count = sizeof(csv_kernels) / sizeof(csv_kernels[0]);

csv_scan_fn *csv_scan_best(void)
{
	size_t i = 0;
	while (!csv_kernels[i].runs_here())
		i++;
	return csv_kernels[i].scan;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ini_nearest.c - the "did you mean": Damerau-Levenshtein distance between short words */
#include <ctype.h>
#include <string.h>

#include "base/ini.h"

/* Words of configuration are shorter; longer ones are near to nothing. */
enum { WORD_MAX = 64 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/*
 * Insertions, deletions, replacements and swaps of neighbours that turn @a into @b (optimal string
 * alignment). Row i of the table is rows[i % 3]: a swap looks two rows back.
 */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t a_len = strlen(a), b_len = strlen(b);

	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		const size_t *above = rows[(i - 1) % 3];
		size_t *row = rows[i % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = above[j - 1] + !same(a[i - 1], b[j - 1]);
			row[j] = least(row[j], least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}

const char *ini_nearest(const char *word, const char *const *words)
{
	const char *nearest = NULL;
	size_t len = strlen(word);
	size_t limit = len < 4   ? 1
		       : len < 9 ? 2
				 : len / 3; /* a third of the letters may be wrong */

	if (len > WORD_MAX)
		return NULL;
	for (; *words; words++) {
		size_t d;

		if (strlen(*words) > WORD_MAX)
			continue;
		d = distance(word, *words);
		if (d <= limit && d < strlen(*words)) {
			nearest = *words;
			limit = d ? d - 1 : 0;
			if (d == 0)
				break;
		}
	}
	return nearest;
}

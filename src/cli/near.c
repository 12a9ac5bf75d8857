// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/near.h"

#include <string.h>
#include <strings.h>

#define FAR_MAX	 2
#define NAME_MAX 32 /* characters; longer names are not compared */

/* Number of characters to add, remove or replace between two words; more than FAR_MAX: FAR_MAX + 1.
 */
static size_t distance(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b), row[NAME_MAX + 1];

	if (na > NAME_MAX || nb > NAME_MAX)
		return FAR_MAX + 1;
	for (size_t k = 0; k <= nb; k++)
		row[k] = k;
	for (size_t i = 1; i <= na; i++) {
		size_t corner = row[0]++;

		for (size_t k = 1; k <= nb; k++) {
			size_t least = corner + (a[i - 1] != b[k - 1]);

			corner = row[k];
			if (row[k] + 1 < least)
				least = row[k] + 1;
			if (row[k - 1] + 1 < least)
				least = row[k - 1] + 1;
			row[k] = least;
		}
	}
	return row[nb] > FAR_MAX ? FAR_MAX + 1 : row[nb];
}

void kt_near_offer(struct kt_near *near, const char *name)
{
	size_t far = distance(near->word, name);

	if (far > FAR_MAX || far * 2 > strlen(near->word) || (near->name && far >= near->far))
		return;
	near->far = far;
	near->name = name;
}

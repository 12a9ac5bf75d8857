// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/cache_lore.h"

#include "base/attr.h"
#include "test.h"

TEST(every_entry_is_reached_by_a_name_that_it_is_for)
{
	for (size_t i = 0; i < kt_nr_lore; i++) {
		const struct kt_lore *found;
		char name[128];
		const char *star = strchr(kt_lore[i].pattern, '*');
		int before =
			star ? (int)(star - kt_lore[i].pattern) : (int)strlen(kt_lore[i].pattern);

		snprintf(name, sizeof(name), "%.*s%s%s", before, kt_lore[i].pattern,
			star ? "QQ" : "", star ? star + 1 : "");
		found = kt_lore_find(name);
		if (found != &kt_lore[i])
			FAILED_AT(__FILE__, __LINE__, "%s is taken by %s", kt_lore[i].pattern,
				found ? found->pattern : "nobody");
	}
}

TEST(every_entry_is_whole_and_in_sentences)
{
	CHECK(kt_nr_lore >= 40);
	for (size_t i = 0; i < kt_nr_lore; i++) {
		const char *const texts[] = { kt_lore[i].used_for, kt_lore[i].grows,
			kt_lore[i].remedy };

		for (size_t k = 0; k < KT_LEN(texts); k++) {
			size_t n = texts[k] ? strlen(texts[k]) : 0;

			if (n < 5 || !strchr(".)'", texts[k][n - 1]) || strstr(texts[k], "  "))
				FAILED_AT(__FILE__, __LINE__, "%s: \"%s\"", kt_lore[i].pattern,
					texts[k] ? texts[k] : "(null)");
		}
	}
}

TEST(the_nearer_of_two_patterns_is_the_one)
{
	CHECK_STR(kt_lore_find("kmalloc-rcl-96")->pattern, "kmalloc-rcl-*");
	CHECK_STR(kt_lore_find("kmalloc-96")->pattern, "kmalloc-*");
	CHECK_STR(kt_lore_find("dentry")->pattern, "dentry");
	CHECK_STR(kt_lore_find("net_namespace")->pattern, "net_namespace");
	CHECK_STR(kt_lore_find("jfs_inode_cache")->pattern, "*inode_cache");
	CHECK(kt_lore_find("dentry2") == NULL);
	CHECK(kt_lore_find("") == NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ACCOUNT_PAGE_LORE_H
#define KT_ACCOUNT_PAGE_LORE_H

#include "model/snapshot.h"

/**
 * Describes the pages of an owner: "data in pipes"; NULL: nothing is known of this owner. The
 * kernel's own names of variables, caches and functions tell it.
 */
const char *kt_page_lore(const struct kt_page_owner *owner);
/** Whether it is known who or what has them. */
bool kt_page_owner_has_name(const struct kt_page_owner *owner);
/** Whether they are a hash table that is made at boot. */
bool kt_page_lore_is_hash(const struct kt_page_owner *owner);
/** The amount of the account that these pages are part of; KT_METRIC_NONE: no row names them. */
enum kt_metric kt_page_lore_metric(const struct kt_page_owner *owner);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"

#include "cases/fill.h"

#include <math.h>
#include <string.h>

/* Facts of a made-up machine; most facts are not known. */
static void facts_make(struct kt_facts *facts)
{
	kt_facts_init(facts);
	kt_facts_add(facts, KT_FACT_RAM, "", 1 << 30);
	kt_facts_add(facts, KT_FACT_DENTRIES, "", 1000);
	kt_facts_add(facts, KT_FACT_SLAB, "kmalloc-64", 100);
	kt_facts_add(facts, KT_FACT_SLAB, "kmalloc-cg-64", 20);
	kt_facts_add(facts, KT_FACT_SLAB, "dentry", 7);
	kt_facts_add(facts, KT_FACT_MODULE, "ext4", 1);
	facts->complete[KT_FACT_MODULE] = true;
}

/* NAN: unknown; -1: it is refused. */
static double value(const char *text)
{
	struct kt_arena arena = { 0 };
	struct kt_facts facts, older;
	struct kt_expr expr;
	struct kt_err *err = kt_expr_parse(&arena, kt_span_str(text), &expr);
	double result = -1;

	facts_make(&facts);
	kt_facts_init(&older);
	kt_facts_add(&older, KT_FACT_SLAB, "dentry", 1);
	facts.older = &older;
	facts.older_s = 7200;
	if (!err)
		result = kt_expr_value(&expr, &facts, "dentry").value;
	kt_err_free(err);
	kt_facts_cleanup(&facts);
	kt_facts_cleanup(&older);
	kt_arena_fini(&arena);
	return result;
}

TEST(arithmetic_has_the_usual_order)
{
	CHECK(value("1 + 2 * 3") == 7);
	CHECK(value("(1 + 2) * 3") == 9);
	CHECK(value("8 - 2 - 1") == 5);
	CHECK(value("2 KiB") == 2048);
	CHECK(value("25% * ram") == 1 << 28);
	CHECK(fabs(value("1.5 MiB / ram") - 1.5 / 1024) < 1e-9);
}

TEST(unknown_facts_make_conditions_unknown)
{
	CHECK(isnan(value("tasks > 1")));
	CHECK(isnan(value("not tasks > 1")));
	CHECK(isnan(value("dentries > 1 and tasks > 1")));
	CHECK(value("dentries < 1 and tasks > 1") == 0);
	CHECK(value("dentries > 1 or tasks > 1") == 1);
	CHECK(isnan(value("dentries < 1 or tasks > 1")));
	CHECK(isnan(value("tasks - tasks = 0")));
	CHECK(isnan(value("ram / (dentries - 1000) > 1 bytes")));
}

TEST(missing_is_zero_only_where_a_list_is_complete)
{
	CHECK(value("module:ext4") == 1);
	CHECK(value("module:zfs") == 0);
	CHECK(value("count(module:zfs*)") == 0);
	CHECK(isnan(value("slab:nosuch")));
	CHECK(isnan(value("sum(slab:no*)")));
	CHECK(isnan(value("count(slab:no*)")));
}

TEST(patterns_add_up_all_variants)
{
	CHECK(value("sum(slab:kmalloc-*64)") == 120);
	CHECK(value("max(slab:kmalloc-*64)") == 100);
	CHECK(value("count(slab:kmalloc-*64)") == 2);
	CHECK(value("sum(slab:kmalloc-64, slab:nosuch)") == 100);
	CHECK(value("slab:$") == 7);
}

TEST(growth_is_per_hour_and_needs_both_times)
{
	CHECK(value("growth(slab:dentry)") == 3);
	CHECK(isnan(value("growth(dentries)")));
}

TEST(nonsense_is_refused)
{
	static const char *const texts[] = { "", "1 +", "ram > 5", "ram + dentries", "nosuch > 1",
		"slab:a* > 1 KiB", "not ram", "ram and ram", "sum(ram, dentries)", "(ram", "1 2",
		"99999999999999999999", "ram * ram", "usual(slab:a, slab:b)", "growth(", "1." };

	for (size_t i = 0; i < KT_LEN(texts); i++)
		CHECK(value(texts[i]) == -1);
}

TEST(depth_and_length_are_bounded)
{
	char deep[512], longer[KT_EXPR_BYTES_MAX + 16];

	memset(deep, '(', 200);
	deep[200] = '\0';
	CHECK(value(deep) == -1);
	longer[0] = '\0';
	for (size_t i = 0; i < 300; i++)
		memcpy(longer + 4 * i, "1 + ", 5);
	memcpy(longer + 1200, "1", 2);
	CHECK(value(longer) == -1);
	memset(longer, ' ', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	CHECK(value(longer) == -1);
}

static void check_fill(const char *text, const char *wanted)
{
	struct kt_arena arena = { 0 };
	struct kt_facts facts;
	struct kt_fill fill;
	struct kt_err *err = kt_fill_parse(&arena, kt_span_str(text), &fill);
	const char *got;

	facts_make(&facts);
	kt_facts_add_text(&facts, "hypervisor", "KVM");
	CHECK(!err);
	got = err ? NULL : kt_fill_text(&fill, &facts, "thing", &arena);
	CHECK((got != NULL) == (wanted != NULL));
	if (got && wanted)
		CHECK_STR(got, wanted);
	kt_err_free(err);
	kt_facts_cleanup(&facts);
	kt_arena_fini(&arena);
}

TEST(figures_are_written_in_their_unit)
{
	check_fill("{ram} of {$} on {@hypervisor}", "1.0 GiB of thing on KVM");
	check_fill("{dentries} are {dentries / 4000}", "1,000 are 25 %");
	check_fill("{slab:kmalloc-64 / slab:dentry} as much", "14 times as much");
	check_fill("plain", "plain");
	check_fill("{tasks} tasks", NULL);
	check_fill("{@container}", NULL);
}

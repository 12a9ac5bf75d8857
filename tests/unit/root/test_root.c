// SPDX-License-Identifier: GPL-2.0-or-later
#include "root/root_ops.h"

#include "base/buf.h"
#include "test.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder of its own for each test: tree/ is the root, outside/ is what it must not reach. */
struct tree {
	char dir[64], root[96];
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st, (void)type, (void)where;
	return remove(path);
}

static void kt_tree_cleanup(struct tree *tree)
{
	nftw(tree->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *in(const struct tree *tree, const char *path)
{
	static char full[2][256];
	static int turn;

	turn = !turn;
	snprintf(full[turn], sizeof(full[turn]), "%s/%s", tree->dir, path);
	return full[turn];
}

static void write_file(const struct tree *tree, const char *path, const char *text)
{
	FILE *file = fopen(in(tree, path), "w");

	if (!CHECK(file))
		return;
	fputs(text, file);
	fclose(file);
}

static struct tree make_tree(void)
{
	struct tree tree = { .dir = "/tmp/ktally-test-XXXXXX" };

	CHECK(mkdtemp(tree.dir));
	snprintf(tree.root, sizeof(tree.root), "%s/tree", tree.dir);
	CHECK(mkdir(in(&tree, "outside"), 0700) == 0 && mkdir(in(&tree, "tree"), 0700) == 0 &&
		mkdir(in(&tree, "tree/proc"), 0700) == 0);
	write_file(&tree, "outside/secret", "secret");
	write_file(&tree, "tree/proc/meminfo", "MemTotal: 1 kB\n");
	return tree;
}

static const char *want_all(const char *path)
{
	return path;
}

static struct kt_root *open_root(const char *path)
{
	struct kt_root *root = NULL;
	KT_CLEANUP(err) struct kt_err *err = kt_root_open(path, want_all, &root);

	CHECK_STR(err ? kt_err_text(err) : NULL, NULL);
	return root;
}

/* What a path reads as: its text, or the word for its error. */
static const char *read_as(struct kt_root *root, const char *path)
{
	static const char *const words[] = { "<nomem>", "<os>", "<denied>", "<absent>", "<parse>",
		"<limit>", "<refused>", "<usage>" };
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(err) struct kt_err *err = kt_root_read(root, path, &text);
	static char shown[256];

	if (err)
		return words[kt_err_code(err)];
	snprintf(shown, sizeof(shown), "%.*s", (int)text.size, text.data ? text.data : "");
	return shown;
}

TEST(a_link_inside_a_tree_is_resolved_inside_it)
{
	KT_CLEANUP(tree) struct tree tree = make_tree();
	KT_CLEANUP(root) struct kt_root *root = open_root(tree.root);

	CHECK(symlink("proc/meminfo", in(&tree, "tree/relative")) == 0);
	CHECK(symlink("/proc/meminfo", in(&tree, "tree/absolute")) == 0);
	CHECK(symlink("../../proc/meminfo", in(&tree, "tree/proc/up")) == 0);
	CHECK_STR(read_as(root, "relative"), "MemTotal: 1 kB\n");
	/* the machine's own /proc/meminfo is much longer */
	CHECK_STR(read_as(root, "absolute"), "MemTotal: 1 kB\n");
	CHECK_STR(read_as(root, "proc/up"), "MemTotal: 1 kB\n");
}

TEST(nothing_leads_out_of_a_tree)
{
	KT_CLEANUP(tree) struct tree tree = make_tree();
	KT_CLEANUP(root) struct kt_root *root = open_root(tree.root);

	CHECK(symlink("../outside/secret", in(&tree, "tree/relative")) == 0);
	CHECK(symlink(in(&tree, "outside/secret"), in(&tree, "tree/absolute")) == 0);
	CHECK(symlink("../outside", in(&tree, "tree/folder")) == 0);
	CHECK_STR(read_as(root, "relative"), "<absent>");
	CHECK_STR(read_as(root, "absolute"), "<absent>");
	CHECK_STR(read_as(root, "folder/secret"), "<absent>");
	CHECK_STR(read_as(root, "../outside/secret"), "<absent>");
	CHECK_STR(read_as(root, "proc/../../outside/secret"), "<absent>");
	CHECK(!kt_root_has(root, "../outside"));
}

TEST(a_link_to_itself_is_refused)
{
	KT_CLEANUP(tree) struct tree tree = make_tree();
	KT_CLEANUP(root) struct kt_root *root = open_root(tree.root);

	CHECK(symlink("loop", in(&tree, "tree/loop")) == 0);
	CHECK_STR(read_as(root, "loop"), "<refused>");
}

TEST(only_regular_files_are_read_and_a_fifo_does_not_hang)
{
	KT_CLEANUP(tree) struct tree tree = make_tree();
	KT_CLEANUP(root) struct kt_root *root = open_root(tree.root);

	CHECK(mkfifo(in(&tree, "tree/fifo"), 0600) == 0);
	alarm(20);
	CHECK_STR(read_as(root, "fifo"), "<refused>");
	CHECK_STR(read_as(root, "proc"), "<refused>");
	alarm(0);
	CHECK_STR(read_as(root, "proc/nothing"), "<absent>");
	CHECK_STR(read_as(root, "proc/meminfo/below"), "<absent>");
}

TEST(a_file_larger_than_the_limit_is_not_read_in_part)
{
	KT_CLEANUP(tree) struct tree tree = make_tree();
	KT_CLEANUP(root) struct kt_root *root = open_root(tree.root);
	KT_CLEANUP(text) struct kt_text head = { 0 };
	KT_CLEANUP(err) struct kt_err *err = NULL;

	write_file(&tree, "tree/big", "head");
	CHECK(truncate(in(&tree, "tree/big"), (off_t)KT_ROOT_FILE_MAX + 1) == 0);
	CHECK_STR(read_as(root, "big"), "<limit>");
	err = kt_root_read_head(root, "big", 4, &head);
	CHECK(!err && head.size == 4 && memcmp(head.data, "head", 4) == 0);
}

TEST(a_file_of_exactly_the_limit_is_whole)
{
	KT_CLEANUP(tree) struct tree tree = make_tree();
	KT_CLEANUP(root) struct kt_root *root = open_root(tree.root);
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(err) struct kt_err *err = NULL;

	write_file(&tree, "tree/big", "");
	CHECK(truncate(in(&tree, "tree/big"), (off_t)KT_ROOT_FILE_MAX) == 0);
	err = kt_root_read(root, "big", &text);
	CHECK(!err);
	CHECK_INT(text.size, KT_ROOT_FILE_MAX);
}

TEST(a_part_is_short_at_the_end_of_the_file_and_empty_behind_it)
{
	KT_CLEANUP(tree) struct tree tree = make_tree();
	KT_CLEANUP(root) struct kt_root *root = open_root(tree.root);
	static const struct {
		uint64_t offset;
		size_t size, wanted;
	} cases[] = { { 0, 8, 8 }, { 10, 100, 5 }, { 15, 9, 0 }, { 9999, 9, 0 } };

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		KT_CLEANUP(text) struct kt_text text = { 0 };
		KT_CLEANUP(err)
		struct kt_err *err = kt_root_read_at(
			root, "proc/meminfo", cases[i].offset, cases[i].size, &text);

		CHECK(!err);
		CHECK_INT(text.size, cases[i].wanted);
	}
}

TEST(names_are_sorted_as_numbers)
{
	KT_CLEANUP(tree) struct tree tree = make_tree();
	KT_CLEANUP(root) struct kt_root *root = open_root(tree.root);
	KT_CLEANUP(err) struct kt_err *err = NULL;
	struct kt_arena arena = { 0 };
	kt_names names = { 0 };

	write_file(&tree, "tree/proc/node10", "");
	write_file(&tree, "tree/proc/node2", "");
	err = kt_root_list(root, "proc", &arena, &names);
	CHECK(!err);
	if (CHECK_INT(names.count, 3)) {
		CHECK_STR(names.items[0], "meminfo");
		CHECK_STR(names.items[1], "node2");
		CHECK_STR(names.items[2], "node10");
	}
	kt_arena_fini(&arena);
}

TEST(a_folder_around_the_tree_is_gone_into_where_there_is_only_one)
{
	KT_CLEANUP(tree) struct tree tree = make_tree();
	struct kt_root *root = open_root(tree.dir);

	CHECK_STR(read_as(root, "proc/meminfo"), "MemTotal: 1 kB\n");
	kt_root_free(root);
	CHECK(mkdir(in(&tree, "other"), 0700) == 0 && mkdir(in(&tree, "other/sys"), 0700) == 0);
	root = open_root(tree.dir);
	CHECK_STR(read_as(root, "proc/meminfo"), "<absent>");
	kt_root_free(root);
}

TEST(a_link_around_the_tree_is_not_gone_into)
{
	KT_CLEANUP(tree) struct tree tree = make_tree();
	KT_CLEANUP(root) struct kt_root *root = NULL;

	CHECK(mkdir(in(&tree, "bait"), 0700) == 0);
	CHECK(symlink("../tree", in(&tree, "bait/machine")) == 0);
	root = open_root(in(&tree, "bait"));
	CHECK_STR(read_as(root, "proc/meminfo"), "<absent>");
}

TEST(a_single_file_is_known_by_its_content_and_not_by_its_name)
{
	static const struct {
		const char *text, *path;
	} cases[] = {
		{ "MemTotal:       16 kB\nMemFree: 1 kB\n", "proc/meminfo" },
		{ "nr_free_pages 12\nnr_zone_inactive_anon 1\n", "proc/vmstat" },
		{ "slabinfo - version: 2.1\n# name\n", "proc/slabinfo" },
		{ "Node 0, zone      DMA\n  per-node stats\n", "proc/zoneinfo" },
		{ "[    1.5] hello\n[    2.5] Mem-Info:\n", "ktally/memory.log" },
		{ "\x1b[32m[    2.5]\x1b[0m Mem-info:\n", "ktally/memory.log" },
		{ "Jan  1 host kernel: memory: usage 1kB, limit 1kB\n", "ktally/memory.log" },
	};
	KT_CLEANUP(tree) struct tree tree = make_tree();

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		KT_CLEANUP(root) struct kt_root *root = NULL;

		write_file(&tree, "attachment.txt", cases[i].text);
		root = open_root(in(&tree, "attachment.txt"));
		if (!root)
			continue;
		CHECK_INT(kt_root_kind(root), KT_ROOT_SINGLE);
		CHECK_STR(read_as(root, cases[i].path), cases[i].text);
		CHECK_STR(read_as(root, "proc/uptime"), "<absent>");
	}
}

static int code_of_open(const char *path)
{
	struct kt_root *root = NULL;
	KT_CLEANUP(err) struct kt_err *err = kt_root_open(path, want_all, &root);

	kt_root_free(root);
	return err ? (int)kt_err_code(err) : -1;
}

TEST(what_is_no_capture_is_not_opened)
{
	KT_CLEANUP(tree) struct tree tree = make_tree();

	write_file(&tree, "letter", "Dear all, MemTotal: is a field.\n");
	write_file(&tree, "empty", "");
	CHECK(mkfifo(in(&tree, "fifo"), 0600) == 0);
	alarm(20);
	CHECK_INT(code_of_open(in(&tree, "letter")), KT_ERR_ABSENT);
	CHECK(code_of_open(in(&tree, "empty")) != -1);
	CHECK_INT(code_of_open(in(&tree, "fifo")), KT_ERR_REFUSED);
	CHECK_INT(code_of_open(in(&tree, "nothing")), KT_ERR_ABSENT);
	alarm(0);
}

static void add(struct kt_root *root, const char *path, const char *text)
{
	KT_CLEANUP(err)
	struct kt_err *err = kt_root_memory_add(root, path, strdup(text), strlen(text));

	CHECK(!err);
}

static struct kt_root *make_memory(void)
{
	struct kt_root *root = NULL;
	KT_CLEANUP(err) struct kt_err *err = kt_root_memory_new(KT_ROOT_BUNDLE, &root);

	CHECK(!err);
	return root;
}

TEST(a_name_that_is_twice_in_a_bundle_keeps_its_first_text)
{
	KT_CLEANUP(root) struct kt_root *root = make_memory();

	add(root, "proc/meminfo", "first");
	add(root, "proc/meminfo", "second");
	CHECK_STR(read_as(root, "proc/meminfo"), "first");
}

TEST(a_member_that_cannot_be_read_says_why_and_is_not_absent)
{
	KT_CLEANUP(root) struct kt_root *root = make_memory();
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(err)
	struct kt_err *err = kt_root_memory_refuse(root, "proc/iomem", "a link in the bundle");

	CHECK(!err);
	err = kt_root_read(root, "proc/iomem", &text);
	if (!CHECK(err != NULL))
		return;
	CHECK_INT(kt_err_code(err), KT_ERR_REFUSED);
	CHECK_STR(kt_err_text(err), "proc/iomem: a link in the bundle");
}

TEST(folders_of_a_bundle_are_made_of_its_names)
{
	KT_CLEANUP(root) struct kt_root *root = make_memory();
	KT_CLEANUP(err) struct kt_err *err = NULL;
	struct kt_arena arena = { 0 };
	kt_names names = { 0 };

	add(root, "sys/node/node10/meminfo", "");
	add(root, "sys/node/node2/meminfo", "");
	add(root, "sys/node/node2/numastat", "");
	add(root, "sys/nodes", "");
	CHECK(kt_root_has(root, "sys/node") && kt_root_has(root, "sys/node/node2"));
	CHECK(!kt_root_has(root, "sys/no"));
	err = kt_root_list(root, "sys/node", &arena, &names);
	CHECK(!err);
	if (CHECK_INT(names.count, 2)) {
		CHECK_STR(names.items[0], "node2");
		CHECK_STR(names.items[1], "node10");
	}
	kt_arena_fini(&arena);
}

struct watched {
	char paths[256];
	int nr_errors;
};

static void watch(void *arg, const char *path, const struct kt_text *text, const struct kt_err *err)
{
	struct watched *seen = arg;

	(void)text;
	strcat(strcat(seen->paths, path), ";");
	seen->nr_errors += err != NULL;
}

static struct kt_err *make_late(void *memory, const char *path, struct kt_buf *ret_text)
{
	(void)memory;
	kt_buf_printf(ret_text, "%s\n", strrchr(path, '/') + 1);
	return NULL;
}

/* `memory`: how often it was called. */
static struct kt_err *fill_late(struct kt_root *root, void *memory)
{
	struct kt_err *err = kt_root_dump_add(root, "sys/late/b/x", make_late);

	++*(int *)memory;
	return err ? err : kt_root_dump_add(root, "sys/late/a/x", make_late);
}

static void leave_open(void *memory)
{
	(void)memory;
}

static struct kt_root *open_late(int *nr_fills)
{
	struct kt_root *root = NULL;

	CHECK(!kt_root_dump_new(&root) && !kt_root_dump_add(root, "sys/other", make_late));
	*nr_fills = 0;
	kt_root_dump_give(root, nr_fills, leave_open);
	kt_root_dump_later(root, "sys/late", fill_late);
	return root;
}

TEST(a_directory_that_was_put_off_is_filled_once_it_is_asked_for)
{
	struct kt_arena arena = { 0 };
	kt_names names = { 0 };
	struct kt_text text = { 0 };
	int nr_fills;
	struct kt_root *root = open_late(&nr_fills);

	CHECK(!kt_root_read(root, "sys/other", &text));
	kt_text_cleanup(&text);
	CHECK(!kt_root_has(root, "sys/later"));
	CHECK_INT(nr_fills, 0);
	CHECK(!kt_root_read(root, "sys/late/a/x", &text));
	CHECK(text.size == 2 && memcmp(text.data, "x\n", 2) == 0);
	kt_text_cleanup(&text);
	CHECK(!kt_root_list(root, "sys/late", &arena, &names));
	CHECK_INT(names.count, 2);
	CHECK_INT(nr_fills, 1);
	kt_root_free(root);
	/* the directory above has its name */
	root = open_late(&nr_fills);
	names.count = 0;
	CHECK(!kt_root_list_folders(root, "sys", &arena, &names));
	CHECK(names.count == 1 && strcmp(names.items[0], "late") == 0);
	kt_root_free(root);
	root = open_late(&nr_fills);
	CHECK(kt_root_has(root, "sys/late"));
	CHECK_INT(nr_fills, 1);
	kt_root_free(root);
	kt_arena_fini(&arena);
}

TEST(a_watch_sees_every_read_and_every_failure)
{
	KT_CLEANUP(root) struct kt_root *root = make_memory();
	struct watched seen = { 0 };

	add(root, "a", "1");
	kt_root_set_watch(root, watch, &seen);
	read_as(root, "a");
	read_as(root, "b");
	CHECK_STR(seen.paths, "a;b;");
	CHECK_INT(seen.nr_errors, 1);
}

/* Where a link leads, or the word for its error. */
static const char *link_as(struct kt_root *root, const char *path)
{
	static char text[256];
	KT_CLEANUP(text) struct kt_text target = { 0 };
	KT_CLEANUP(err) struct kt_err *err = kt_root_link(root, path, &target);

	if (err)
		return kt_err_code(err) == KT_ERR_ABSENT ? "<absent>" : "<another error>";
	snprintf(text, sizeof(text), "%.*s", (int)target.size, target.data);
	return text;
}

TEST(a_link_is_told_as_it_stands_and_not_followed)
{
	KT_CLEANUP(tree) struct tree tree = make_tree();
	KT_CLEANUP(root) struct kt_root *root = NULL;

	CHECK(symlink("../../outside/secret", in(&tree, "tree/proc/out")) == 0);
	CHECK(symlink("/nowhere", in(&tree, "tree/proc/broken")) == 0);
	root = open_root(tree.root);
	CHECK_STR(link_as(root, "proc/out"), "../../outside/secret");
	CHECK_STR(link_as(root, "proc/broken"), "/nowhere");
	CHECK_STR(link_as(root, "proc/meminfo"), "<absent>");
	CHECK_STR(link_as(root, "proc"), "<absent>");
	CHECK_STR(link_as(root, "proc/nothing"), "<absent>");
}

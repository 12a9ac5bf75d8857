// SPDX-License-Identifier: GPL-2.0-or-later
//
// Hooks by type data made by hand, in the forms of several kernels, and the programs for them.

#include "kernel_bytes.h"
#include "test.h"

#include "trace/programs.h"

struct kernel {
	struct made_types made;
	char *file;
	struct kt_types types;
	uint32_t word, nothing, gfp, size, cache, head, page, integer, callback, unsigned_int;
};

static void begin(struct kernel *kernel)
{
	struct made_types *made = &kernel->made;
	uint32_t void_const = 0;

	*kernel = (struct kernel){ 0 };
	kernel->word = made_int(made, "long unsigned int", 8);
	kernel->unsigned_int = made_int(made, "unsigned int", 4);
	kernel->integer = made_int(made, "int", 4);
	kernel->size = made_typedef(made, "size_t", kernel->word);
	kernel->gfp = made_typedef(made, "gfp_t", kernel->unsigned_int);
	void_const = made_head(made, "", KT_BTF_CONST << 24, 0);
	kernel->nothing = made_pointer(made, void_const);
	kernel->cache = made_pointer(made, made_struct(made, "kmem_cache", 8, NULL, 0));
	kernel->head = made_pointer(made, made_struct(made, "callback_head", 8, NULL, 0));
	kernel->page = made_pointer(made, made_struct(made, "page", 64, NULL, 0));
	kernel->callback = made_typedef(made, "rcu_callback_t", kernel->nothing);
}

static uint32_t prototype(struct kernel *kernel, const uint32_t *params, size_t count)
{
	uint32_t id = made_head(
		&kernel->made, "", KT_BTF_FUNC_PROTO << 24 | (uint32_t)count, kernel->integer);

	for (size_t i = 0; i < count; i++)
		made_words(&kernel->made, (const uint32_t[]){ 0, params[i] }, 2);
	return id;
}

#define IDS(...)                           \
	(const uint32_t[]){ __VA_ARGS__ }, \
		sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t)

static void tracepoint(
	struct kernel *kernel, const char *name, const uint32_t *params, size_t count)
{
	char text[64];

	snprintf(text, sizeof(text), "btf_trace_%s", name);
	made_typedef(
		&kernel->made, text, made_pointer(&kernel->made, prototype(kernel, params, count)));
}

static void function(struct kernel *kernel, const char *name, const uint32_t *params, size_t count)
{
	made_head(&kernel->made, name, KT_BTF_FUNC << 24, prototype(kernel, params, count));
}

static bool end(struct kernel *kernel)
{
	struct kt_err *err;
	size_t size;

	kernel->file = made_file(&kernel->made, &size);
	err = kt_types_init(&kernel->types, (struct kt_span){ kernel->file, size }, 8);
	kt_err_free(err);
	return CHECK(!err);
}

static void fini(struct kernel *kernel)
{
	kt_types_fini(&kernel->types);
	free(kernel->file);
	made_fini(&kernel->made);
}

static const struct kt_trace_hook *find(
	const struct kt_trace_hook *hooks, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(hooks[i].name, name) == 0)
			return &hooks[i];
	}
	return NULL;
}

TEST(parameters_are_found_by_type_in_every_form)
{
	struct kt_trace_hook hooks[KT_TRACE_HOOKS_MAX];
	const struct kt_trace_hook *hook;
	struct kernel kernel;
	size_t count;

	begin(&kernel);
	/* call_site, ptr, bytes_req, bytes_alloc, flags; the first is of the probe */
	tracepoint(&kernel, "kmalloc",
		IDS(kernel.nothing, kernel.word, kernel.nothing, kernel.size, kernel.size,
			kernel.gfp));
	tracepoint(&kernel, "kmem_cache_alloc",
		IDS(kernel.nothing, kernel.word, kernel.nothing, kernel.cache, kernel.gfp,
			kernel.integer));
	tracepoint(&kernel, "kfree", IDS(kernel.nothing, kernel.word, kernel.nothing));
	tracepoint(&kernel, "kmem_cache_free",
		IDS(kernel.nothing, kernel.word, kernel.nothing, kernel.cache));
	function(&kernel, "kvfree_call_rcu", IDS(kernel.head, kernel.callback));
	function(&kernel, "kmem_cache_free_bulk",
		IDS(kernel.cache, kernel.size, made_pointer(&kernel.made, kernel.nothing)));
	/* a tracepoint without what is needed is none */
	tracepoint(&kernel, "kmalloc_node", IDS(kernel.nothing, kernel.word));
	if (!end(&kernel))
		return;
	count = kt_trace_hooks(&kernel.types, KT_TRACE_SLAB, hooks);
	hook = find(hooks, count, "kmalloc");
	if (CHECK(hook && hook->id)) {
		CHECK_INT(hook->site, 0);
		CHECK_INT(hook->address, 1);
		CHECK_INT(hook->requested, 2);
		CHECK_INT(hook->bytes, 3);
		CHECK_INT(hook->cache, -1);
		CHECK(hook->generic);
	}
	hook = find(hooks, count, "kmem_cache_alloc");
	if (CHECK(hook && hook->id)) {
		CHECK_INT(hook->cache, 2);
		CHECK_INT(hook->bytes, -1);
	}
	hook = find(hooks, count, "kmem_cache_free");
	CHECK(hook && hook->id && hook->frees && hook->cache == 2 && hook->address == 1);
	hook = find(hooks, count, "kmem_cache_free_bulk");
	CHECK(hook && hook->id && hook->array == 2 && hook->count == 1);
	hook = find(hooks, count, "kmalloc_node");
	CHECK(hook && !hook->id);
	hook = find(hooks, count, "kmem_cache_alloc_node");
	CHECK(hook && !hook->id);
	fini(&kernel);
}

TEST(an_object_freed_by_rcu_is_given_by_its_head_or_by_itself)
{
	struct kt_trace_hook hooks[KT_TRACE_HOOKS_MAX];
	const struct kt_trace_hook *hook;

	for (int itself = 0; itself < 2; itself++) {
		struct kernel kernel;
		uint32_t rcu_head;
		size_t count;

		begin(&kernel);
		rcu_head = made_pointer(
			&kernel.made, made_struct(&kernel.made, "rcu_head", 16, NULL, 0));
		function(&kernel, "kvfree_call_rcu",
			IDS(rcu_head, itself ? kernel.nothing : kernel.callback));
		if (!end(&kernel))
			return;
		count = kt_trace_hooks(&kernel.types, KT_TRACE_SLAB, hooks);
		hook = find(hooks, count, "kvfree_call_rcu");
		if (CHECK(hook && hook->id)) {
			CHECK_INT(hook->address, itself ? 1 : -1);
			CHECK_INT(hook->rcu_head, 0);
			CHECK_INT(hook->rcu_offset, itself ? -1 : 1);
		}
		fini(&kernel);
	}
}

TEST(pages_percpu_memory_and_areas_have_their_sizes)
{
	struct kt_trace_hook hooks[KT_TRACE_HOOKS_MAX];
	const struct kt_trace_hook *hook;
	struct kernel kernel;
	size_t count;

	begin(&kernel);
	tracepoint(&kernel, "mm_page_alloc",
		IDS(kernel.nothing, kernel.page, kernel.unsigned_int, kernel.gfp, kernel.integer));
	tracepoint(&kernel, "percpu_alloc_percpu",
		IDS(kernel.nothing, kernel.integer, kernel.integer, kernel.size, kernel.size,
			kernel.nothing, kernel.integer, kernel.nothing));
	function(&kernel, "__vmalloc_node_range_noprof",
		IDS(kernel.word, kernel.word, kernel.word, kernel.word, kernel.gfp, kernel.word,
			kernel.word, kernel.integer, kernel.nothing));
	if (!end(&kernel))
		return;
	count = kt_trace_hooks(&kernel.types, KT_TRACE_PAGES, hooks);
	hook = find(hooks, count, "mm_page_alloc");
	CHECK(hook && hook->id && hook->address == 0 && hook->order == 1 && hook->flags == 2);
	count = kt_trace_hooks(&kernel.types, KT_TRACE_PERCPU, hooks);
	hook = find(hooks, count, "percpu_alloc_percpu");
	CHECK(hook && hook->id && hook->requested == 2 && hook->address == 6);
	count = kt_trace_hooks(&kernel.types, KT_TRACE_VMALLOC, hooks);
	hook = find(hooks, count, "__vmalloc_node_range_noprof");
	CHECK(hook && hook->id && hook->requested == 0 && hook->site == 8);
	CHECK(hook && hook->nr_params == 9 && hook->way == KT_TRACE_EXIT);
	fini(&kernel);
}

TEST(a_kernel_without_any_type_of_them_has_no_hook)
{
	struct kt_trace_hook hooks[KT_TRACE_HOOKS_MAX];
	struct kernel kernel;
	size_t count;

	begin(&kernel);
	if (!end(&kernel))
		return;
	for (int pool = KT_TRACE_SLAB; pool <= KT_TRACE_VMALLOC; pool++) {
		count = kt_trace_hooks(&kernel.types, (enum kt_trace_pool)pool, hooks);
		CHECK(count > 0);
		for (size_t i = 0; i < count; i++)
			CHECK_INT(hooks[i].id, 0);
	}
	fini(&kernel);
}

TEST(a_jump_goes_where_its_label_is)
{
	struct kt_bpf_code code;
	uint32_t before, after;

	kt_code_begin(&code);
	before = kt_code_label(&code);
	after = kt_code_label(&code);
	kt_code_place(&code, before);
	KT_PUT(&code, KT_NUMBER(BPF_REG_0, 0));
	kt_code_jump(&code, KT_IF(BPF_JEQ, BPF_REG_0, 1, 0), after);
	kt_code_jump(&code, KT_IF(BPF_JEQ, BPF_REG_0, 2, 0), before);
	kt_code_place(&code, after);
	KT_PUT(&code, KT_EXIT);
	CHECK(kt_code_end(&code));
	CHECK_INT(code.insns[1].off, 1);
	CHECK_INT(code.insns[2].off, -3);
	/* a label without a place, and too much code, are no program */
	kt_code_begin(&code);
	kt_code_jump(&code, KT_INSN(BPF_JMP | BPF_JA, 0, 0, 0, 0), kt_code_label(&code));
	CHECK(!kt_code_end(&code));
	kt_code_begin(&code);
	for (unsigned i = 0; i <= KT_CODE_INSNS; i++)
		KT_PUT(&code, KT_EXIT);
	CHECK(!kt_code_end(&code));
}

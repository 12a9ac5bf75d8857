// SPDX-License-Identifier: GPL-2.0-or-later
//
// Holds known amounts of kernel memory of a known kind until told to free them. Commands,
// one a write, to debugfs ktally_test/command:
//
//   kmalloc SIZE COUNT             objects by kmalloc
//   cache SIZE COUNT [ctor] [reclaim] [merge]   objects of a cache of their own, not merged with
//                                  others unless "merge" is said
//   pages ORDER COUNT [COUNTER]    pages, straight from the page allocator; raised by them, as
//                                  drivers do it: misc sec bounce writeback
//   threads DEPTH COUNT            kernel threads that sleep, whose stacks were used DEPTH bytes
//                                  deep, 8192 or more; 0: no deeper than a thread needs
//   vmalloc SIZE COUNT             areas by vmalloc
//   percpu SIZE COUNT              objects that exist once for each CPU
//   mempool SIZE MIN               a pool that keeps MIN objects in reserve
//   leak KIND BYTES_PER_S SECONDS  ten times a second; kinds: kmalloc cache pages vmalloc percpu
//   share KIND BYTES_PER_S SECONDS the same by three functions in turn, 10 : 3 : 1:
//                                  ktally_test_ten, ktally_test_three, ktally_test_one
//   rcu SECONDS                    gives the objects by kmalloc to kfree_rcu(), and reads under
//                                  RCU for so long; they need 32 bytes
//   thin EVERY                     gives back the pages of order 0 whose number in memory EVERY
//   does
//                                  not divide
//   free                           everything, leaks are stopped
//
// debugfs ktally_test/held says how much of each kind is held, in bytes. What is held is
// linked through its own first word, so that holding costs nothing beside.

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>
#include <linux/workqueue.h>

#define TICKS_PER_S   10
#define COMMAND_MAX   128
#define LEAK_CHUNK    4096
#define LEAK_OBJ      256
#define LEAK_VMALLOC  (8 * PAGE_SIZE)
#define BATCH_RESCHED 1024
#define STACK_IN_USE  8192 /* bytes; no thread is in deeper calls when it writes into its stack */
#define STACK_REST    1024 /* bytes; left alone at the other end */

enum kind { KMALLOC, CACHE, PAGES, VMALLOC, PERCPU, MEMPOOL, THREADS, NR_KINDS };

static const char *const kind_names[] = { "kmalloc", "cache", "pages", "vmalloc", "percpu",
	"mempool", "threads" };

/* Counters that nothing in a virtual machine raises; not every kernel has them all. */
enum counter { NONE, MISC, SEC, BOUNCE, WRITEBACK, NR_COUNTERS };

static const char *const counter_names[] = { "", "misc", "sec", "bounce", "writeback" };

struct leak {
	struct delayed_work work;
	enum kind kind;
	u64 base, bytes_per_s;	     /* what was held when it began */
	unsigned long started, ends; /* in jiffies: a late step makes up for it */
	bool shared;		     /* by three functions */
	unsigned int turn;
};

static DEFINE_MUTEX(lock);
static struct dentry *folder;
static void *first[NR_KINDS];
static u64 held_bytes[NR_KINDS];
static LIST_HEAD(page_list);
static struct kmem_cache *cache;
static mempool_t *pool;
static struct task_struct *last_thread;
static size_t stack_depth; /* bytes; of the threads that start now */
static struct leak leaks[NR_KINDS];

/* The constructor makes a difference to how the cache is laid out, not to what is in it. */
static void construct(void *object)
{
	memset(object, 0, sizeof(void *));
}

/* Kernels before 6.5 can be told by a region for user space only: those that check copies to
 * user space merge no such cache. */
#ifndef SLAB_NO_MERGE
#define SLAB_NO_MERGE 0
#endif

enum { CTOR = 1, RECLAIM = 2, MERGE = 4 };

static int make_cache(size_t size, unsigned int how)
{
	slab_flags_t flags = how & RECLAIM ? SLAB_RECLAIM_ACCOUNT : 0;
	void (*ctor)(void *) = how & CTOR ? construct : NULL;

	if (cache)
		return -EBUSY;
	if (how & MERGE)
		cache = kmem_cache_create("ktally_test", size, 0, flags, ctor);
	else
		cache = kmem_cache_create_usercopy(
			"ktally_test", size, 0, flags | SLAB_NO_MERGE, 0, size, ctor);
	return cache ? 0 : -ENOMEM;
}

static __always_inline int hold_object(enum kind kind, size_t size)
{
	void *object;

	if (kind == KMALLOC)
		object = kmalloc(size, GFP_KERNEL);
	else if (kind == CACHE)
		object = kmem_cache_alloc(cache, GFP_KERNEL);
	else
		object = vmalloc(size);
	if (!object)
		return -ENOMEM;
	*(void **)object = first[kind];
	first[kind] = object;
	held_bytes[kind] += size;
	return 0;
}

static int count_page(struct page *page, enum counter counter, long nr)
{
	switch (counter) {
	case NONE: return 0;
#ifdef KTALLY_HAS_NR_KERNEL_MISC_RECLAIMABLE
	case MISC: mod_node_page_state(page_pgdat(page), NR_KERNEL_MISC_RECLAIMABLE, nr); return 0;
#endif
#ifdef KTALLY_HAS_NR_SECONDARY_PAGETABLE
	case SEC: mod_node_page_state(page_pgdat(page), NR_SECONDARY_PAGETABLE, nr); return 0;
#endif
#ifdef KTALLY_HAS_NR_BOUNCE
	case BOUNCE: mod_zone_page_state(page_zone(page), NR_BOUNCE, nr); return 0;
#endif
#ifdef KTALLY_HAS_NR_WRITEBACK_TEMP
	case WRITEBACK: mod_node_page_state(page_pgdat(page), NR_WRITEBACK_TEMP, nr); return 0;
#endif
	default: return -EOPNOTSUPP;
	}
}

static __always_inline int hold_page(unsigned int order, enum counter counter)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);

	if (!page)
		return -ENOMEM;
	if (count_page(page, counter, 1l << order) != 0) {
		__free_pages(page, order);
		return -EOPNOTSUPP;
	}
	set_page_private(page, order * NR_COUNTERS + counter);
	list_add(&page->lru, &page_list);
	held_bytes[PAGES] += PAGE_SIZE << order;
	return 0;
}

static void free_pages_held(void)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &page_list, lru)
	{
		unsigned int order = page_private(page) / NR_COUNTERS;

		count_page(page, page_private(page) % NR_COUNTERS, -(1l << order));
		list_del(&page->lru);
		set_page_private(page, 0);
		__free_pages(page, order);
	}
}

static int thin_pages(unsigned long every)
{
	struct page *page, *next;

	if (!every)
		return -EINVAL;
	list_for_each_entry_safe(page, next, &page_list, lru)
	{
		if (page_private(page) != NONE || page_to_pfn(page) % every == 0)
			continue;
		list_del(&page->lru);
		set_page_private(page, 0);
		__free_pages(page, 0);
		held_bytes[PAGES] -= PAGE_SIZE;
	}
	return 0;
}

/* Leaves a word in the unused part of the stack, as calls of that depth would. */
static void use_stack(void)
{
	unsigned long *top = task_stack_page(current) + THREAD_SIZE;

	if (stack_depth)
		WRITE_ONCE(*(top - stack_depth / sizeof(*top)), 1);
}

/* Its data is the thread started before it, so that no list costs memory. */
static int sleep_until_stopped(void *previous)
{
	use_stack();
	set_current_state(TASK_IDLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_IDLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int hold_thread(size_t depth)
{
	struct task_struct *thread;

	stack_depth = depth;
	thread = kthread_run(sleep_until_stopped, last_thread, "ktally_test");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	last_thread = thread;
	held_bytes[THREADS] += THREAD_SIZE;
	return 0;
}

static void stop_threads(void)
{
	while (last_thread) {
		struct task_struct *previous = kthread_data(last_thread);

		kthread_stop(last_thread);
		last_thread = previous;
	}
}

static int percpu_cpu(void)
{
	return cpumask_first(cpu_possible_mask);
}

static __always_inline int hold_percpu(size_t size)
{
	void __percpu *object = __alloc_percpu(size, sizeof(void *));

	if (!object)
		return -ENOMEM;
	*(void **)per_cpu_ptr(object, percpu_cpu()) = first[PERCPU];
	first[PERCPU] = (void __force *)object;
	held_bytes[PERCPU] += size * num_possible_cpus();
	return 0;
}

static int hold_mempool(size_t size, unsigned long count)
{
	if (pool)
		return -EBUSY;
	pool = mempool_create_kmalloc_pool(count, size);
	if (!pool)
		return -ENOMEM;
	held_bytes[MEMPOOL] += size * count;
	return 0;
}

static int hold(enum kind kind, size_t size, unsigned long count, enum counter counter)
{
	int err = 0;

	if (kind == MEMPOOL)
		return hold_mempool(size, count);
	for (unsigned long i = 0; !err && i < count; i++) {
		if (kind == PAGES)
			err = hold_page(size, counter);
		else if (kind == THREADS)
			err = hold_thread(size);
		else if (kind == PERCPU)
			err = hold_percpu(size);
		else
			err = hold_object(kind, size);
		if (i % BATCH_RESCHED == 0)
			cond_resched();
	}
	return err;
}

static void free_objects(enum kind kind)
{
	while (first[kind]) {
		void *object = first[kind];

		if (kind == PERCPU)
			first[kind] = *(void **)per_cpu_ptr(
				(void __percpu __force *)object, percpu_cpu());
		else
			first[kind] = *(void **)object;
		if (kind == KMALLOC)
			kfree(object);
		else if (kind == CACHE)
			kmem_cache_free(cache, object);
		else if (kind == VMALLOC)
			vfree(object);
		else
			free_percpu((void __percpu __force *)object);
		cond_resched();
	}
}

static void free_all(void)
{
	free_objects(KMALLOC);
	free_objects(CACHE);
	free_objects(VMALLOC);
	free_objects(PERCPU);
	free_pages_held();
	stop_threads();
	mempool_destroy(pool);
	kmem_cache_destroy(cache);
	pool = NULL;
	cache = NULL;
	memset(held_bytes, 0, sizeof(held_bytes));
}

struct held_object {
	void *next;
	struct rcu_head rcu;
};

/* No grace period ends meanwhile. */
static int read_for(void *seconds)
{
	unsigned long until = jiffies + (unsigned long)seconds * HZ;

	rcu_read_lock();
	while (time_before(jiffies, until))
		cpu_relax();
	rcu_read_unlock();
	return 0;
}

static int free_by_rcu(unsigned long seconds)
{
	struct task_struct *reader;

	if (seconds > 15)
		return -EINVAL;
	reader = kthread_run(read_for, (void *)seconds, "ktally_reader");
	if (IS_ERR(reader))
		return PTR_ERR(reader);
	msleep(100);
	while (first[KMALLOC]) {
		struct held_object *object = first[KMALLOC];

		first[KMALLOC] = object->next;
		kfree_rcu(object, rcu);
	}
	held_bytes[KMALLOC] = 0;
	return 0;
}

/* One object, by the function that this is put into. */
static __always_inline int hold_one(enum kind kind, size_t size)
{
	if (kind == PAGES)
		return hold_page(size, NONE);
	return kind == PERCPU ? hold_percpu(size) : hold_object(kind, size);
}

static noinline int ktally_test_ten(enum kind kind, size_t size)
{
	asm volatile("/* ten */"); /* or the compiler makes one function of all three */
	return hold_one(kind, size);
}

static noinline int ktally_test_three(enum kind kind, size_t size)
{
	asm volatile("/* three */"); /* or the compiler makes one function of all three */
	return hold_one(kind, size);
}

static noinline int ktally_test_one(enum kind kind, size_t size)
{
	asm volatile("/* one */"); /* or the compiler makes one function of all three */
	return hold_one(kind, size);
}

static int hold_in_turn(struct leak *leak, size_t size)
{
	unsigned int turn = leak->turn++ % 14;

	if (turn < 10)
		return ktally_test_ten(leak->kind, size);
	return turn < 13 ? ktally_test_three(leak->kind, size) : ktally_test_one(leak->kind, size);
}

static void leak_some(struct work_struct *work)
{
	struct leak *leak = container_of(to_delayed_work(work), struct leak, work);
	static const size_t sizes[] = { [KMALLOC] = LEAK_CHUNK,
		[CACHE] = LEAK_OBJ,
		[PAGES] = 0,
		[VMALLOC] = LEAK_VMALLOC,
		[PERCPU] = LEAK_CHUNK };
	size_t step = sizes[leak->kind];
	unsigned long now = min(jiffies, leak->ends);
	u64 until = leak->base + leak->bytes_per_s * (now - leak->started) / HZ;

	mutex_lock(&lock);
	while (held_bytes[leak->kind] < until &&
		!(leak->shared ? hold_in_turn(leak, step) : hold(leak->kind, step, 1, NONE)))
		;
	mutex_unlock(&lock);
	if (now < leak->ends)
		schedule_delayed_work(&leak->work, HZ / TICKS_PER_S);
	else
		leak->ends = 0;
}

static int start_leak(enum kind kind, size_t bytes_per_s, unsigned long seconds, bool shared)
{
	struct leak *leak = &leaks[kind];

	if (kind >= MEMPOOL || !seconds || leak->ends)
		return -EINVAL;
	if (kind == CACHE && !cache) {
		int err = make_cache(LEAK_OBJ, RECLAIM);

		if (err)
			return err;
	}
	leak->kind = kind;
	leak->shared = shared;
	leak->turn = 0;
	leak->base = held_bytes[kind];
	leak->bytes_per_s = bytes_per_s;
	leak->started = jiffies;
	leak->ends = leak->started + seconds * HZ;
	schedule_delayed_work(&leak->work, 0);
	return 0;
}

/* Without the lock: a leak that is running takes it. */
static void stop_leaks(void)
{
	for (int i = 0; i < NR_KINDS; i++) {
		cancel_delayed_work_sync(&leaks[i].work);
		leaks[i].ends = 0;
	}
}

static int kind_of(const char *name)
{
	for (int i = 0; i < NR_KINDS; i++) {
		if (strcmp(name, kind_names[i]) == 0)
			return i;
	}
	return -EINVAL;
}

static int counter_of(const char *name)
{
	for (int i = 0; i < NR_COUNTERS; i++) {
		if (strcmp(name, counter_names[i]) == 0)
			return i;
	}
	return -EINVAL;
}

static unsigned int how_of(const char *flag)
{
	if (strcmp(flag, "ctor") == 0)
		return CTOR;
	if (strcmp(flag, "reclaim") == 0)
		return RECLAIM;
	return strcmp(flag, "merge") == 0 ? MERGE : 0;
}

static bool size_fits(enum kind kind, size_t size)
{
	if (kind == THREADS)
		return size == 0 || (size >= STACK_IN_USE && size <= THREAD_SIZE - STACK_REST &&
					    size % sizeof(long) == 0);
	return kind == PAGES ? size <= 10 : size >= sizeof(void *);
}

static int execute(char *text)
{
	char name[16], kind_name[16], flag[2][16] = { "", "" };
	unsigned long size, count;
	int kind, counter = NONE;

	if (sscanf(text, "leak %15s %lu %lu", kind_name, &size, &count) == 3) {
		kind = kind_of(kind_name);
		return kind < 0 ? kind : start_leak(kind, size, count, false);
	}
	if (sscanf(text, "share %15s %lu %lu", kind_name, &size, &count) == 3) {
		kind = kind_of(kind_name);
		return kind < 0 ? kind : start_leak(kind, size, count, true);
	}
	if (sscanf(text, "rcu %lu", &size) == 1)
		return free_by_rcu(size);
	if (sscanf(text, "thin %lu", &size) == 1)
		return thin_pages(size);
	if (sscanf(text, "%15s %lu %lu %15s %15s", name, &size, &count, flag[0], flag[1]) < 3)
		return -EINVAL;
	kind = kind_of(name);
	if (kind < 0 || !size_fits(kind, size))
		return -EINVAL;
	if (kind == PAGES)
		counter = counter_of(flag[0]);
	if (counter < 0)
		return -EINVAL;
	if (kind == CACHE) {
		int err = make_cache(size, how_of(flag[0]) | how_of(flag[1]));

		if (err)
			return err;
	}
	return hold(kind, size, count, counter);
}

static ssize_t write_command(
	struct file *file, const char __user *buffer, size_t size, loff_t *offset)
{
	char text[COMMAND_MAX];
	int err = 0;

	if (size >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buffer, size))
		return -EFAULT;
	text[size] = '\0';
	if (strcmp(strim(text), "free") == 0)
		stop_leaks();
	mutex_lock(&lock);
	if (strcmp(strim(text), "free") == 0)
		free_all();
	else
		err = execute(strim(text));
	mutex_unlock(&lock);
	return err ? err : size;
}

static int held_show(struct seq_file *seq, void *data)
{
	mutex_lock(&lock);
	for (int i = 0; i < NR_KINDS; i++)
		seq_printf(seq, "%s %llu\n", kind_names[i], held_bytes[i]);
	mutex_unlock(&lock);
	return 0;
}

DEFINE_SHOW_ATTRIBUTE(held);

static const struct file_operations command_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = write_command,
};

static int __init start(void)
{
	for (int i = 0; i < NR_KINDS; i++)
		INIT_DELAYED_WORK(&leaks[i].work, leak_some);
	folder = debugfs_create_dir("ktally_test", NULL);
	debugfs_create_file("command", 0200, folder, NULL, &command_fops);
	debugfs_create_file("held", 0400, folder, NULL, &held_fops);
	return PTR_ERR_OR_ZERO(folder);
}

static void __exit stop(void)
{
	debugfs_remove_recursive(folder);
	stop_leaks();
	free_all();
}

module_init(start);
module_exit(stop);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("holds known amounts of memory for the tests of ktally");

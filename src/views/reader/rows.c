/*
 * rows.c - processes, threads, objects and sums for <ctrace/reader.h>.
 */
#include "reader_int.h"

#include "file/words.h"

/* --- processes ----------------------------------------------------------------------------------------------------------- */

static const struct ct_process_rec *process_at(const struct ctr_trace *t, uint32_t process)
{
	static const struct ct_process_rec none = {.exit_status = CT_EXIT_UNKNOWN};
	const struct ct_model_tables *tables = &t->v.model->tables;

	return process < tables->process_count ? &tables->processes[process] : &none;
}

uint32_t ctr_processes(const struct ctr_trace *t)
{
	return t->v.model->tables.process_count;
}

uint32_t ctr_process_pid(const struct ctr_trace *t, uint32_t process)
{
	return process_at(t, process)->pid;
}

uint32_t ctr_process_parent_pid(const struct ctr_trace *t, uint32_t process)
{
	return process_at(t, process)->ppid;
}

const char *ctr_process_exe(const struct ctr_trace *t, uint32_t process)
{
	return ct_trace_string(t->v.trace, process_at(t, process)->exe);
}

const char *ctr_process_cmdline(const struct ctr_trace *t, uint32_t process)
{
	return ct_trace_string(t->v.trace, process_at(t, process)->cmdline);
}

uint64_t ctr_process_begin_ns(const struct ctr_trace *t, uint32_t process)
{
	return ct_view_when(&t->v, process_at(t, process)->begin_ticks);
}

uint64_t ctr_process_end_ns(const struct ctr_trace *t, uint32_t process)
{
	uint64_t end = process_at(t, process)->end_ticks;

	return end ? ct_view_when(&t->v, end) : UINT64_MAX;
}

int ctr_process_exit(const struct ctr_trace *t, uint32_t process)
{
	const struct ct_process_rec *p = process_at(t, process);

	return p->exit_status == CT_EXIT_UNKNOWN ? -1 : (int)p->exit_status;
}

/* --- threads ------------------------------------------------------------------------------------------------------------- */

static const struct ct_thread *thread_at(const struct ctr_trace *t, uint32_t thread)
{
	static const struct ct_thread none = {.process = CTR_NONE};

	return thread < t->v.model->threads.count ? ct_model_thread_at(t->v.model, thread) : &none;
}

uint32_t ctr_row(const struct ctr_trace *t, uint64_t serial)
{
	return serial ? ct_table_find(&t->v.model->threads, &serial) : CTR_NONE;
}

uint32_t ctr_threads(const struct ctr_trace *t)
{
	return t->v.model->threads.count;
}

uint32_t ctr_thread_tid(const struct ctr_trace *t, uint32_t thread)
{
	return thread_at(t, thread)->tid;
}

uint32_t ctr_thread_process(const struct ctr_trace *t, uint32_t thread)
{
	return thread_at(t, thread)->process;
}

uint32_t ctr_thread_parent(const struct ctr_trace *t, uint32_t thread)
{
	return ctr_row(t, thread_at(t, thread)->parent);
}

uint32_t ctr_thread_serial(const struct ctr_trace *t, uint32_t thread)
{
	return (uint32_t)thread_at(t, thread)->serial;
}

bool ctr_thread_is_main(const struct ctr_trace *t, uint32_t thread)
{
	return thread_at(t, thread)->main;
}

uint64_t ctr_thread_begin_ns(const struct ctr_trace *t, uint32_t thread)
{
	const struct ct_thread *row = thread_at(t, thread);

	return ct_view_when(&t->v, row->begin ? row->begin : row->first);
}

uint64_t ctr_thread_end_ns(const struct ctr_trace *t, uint32_t thread)
{
	const struct ct_thread *row = thread_at(t, thread);

	return ct_view_when(&t->v, row->ended && row->end ? row->end : row->last);
}

bool ctr_thread_ended(const struct ctr_trace *t, uint32_t thread)
{
	return thread_at(t, thread)->ended;
}

uint32_t ctr_thread_create_stack(const struct ctr_trace *t, uint32_t thread)
{
	return thread_at(t, thread)->create_stack;
}

static char *make_name(struct ctr_trace *t, uint32_t row, char *buf, size_t size)
{
	return ct_name_thread_bare(&t->v, thread_at(t, row), buf, size);
}

static char *make_start(struct ctr_trace *t, uint32_t row, char *buf, size_t size)
{
	return ct_name_start(&t->v, thread_at(t, row), buf, size);
}

const char *ctr_thread_name(struct ctr_trace *t, uint32_t thread)
{
	return ctr_keep(t, &t->thread_names, ctr_threads(t), thread, make_name);
}

const char *ctr_thread_start(struct ctr_trace *t, uint32_t thread)
{
	return ctr_keep(t, &t->thread_starts, ctr_threads(t), thread, make_start);
}

uint32_t ctr_thread_by_tid(const struct ctr_trace *t, uint32_t tid, uint64_t ns)
{
	uint64_t last = UINT64_MAX - t->v.start_ns, mono = t->v.start_ns + (ns < last ? ns : last);
	const struct ct_thread *row =
		ct_model_thread_by_tid(t->v.model, tid, ct_trace_ticks(t->v.trace, mono));

	return row ? ctr_row(t, row->serial) : CTR_NONE;
}

/* --- objects ------------------------------------------------------------------------------------------------------------- */

static const enum ctr_kind kinds[CT_KINDS] = {
	[CT_KIND_MUTEX] = CTR_KIND_MUTEX, [CT_KIND_RWLOCK] = CTR_KIND_RWLOCK,
	[CT_KIND_SPIN] = CTR_KIND_SPIN,	  [CT_KIND_COND] = CTR_KIND_COND,
	[CT_KIND_SEM] = CTR_KIND_SEM,	  [CT_KIND_BARRIER] = CTR_KIND_BARRIER,
	[CT_KIND_ONCE] = CTR_KIND_ONCE,	  [CT_KIND_THREAD] = CTR_KIND_THREAD,
	[CT_KIND_FUTEX] = CTR_KIND_FUTEX, [CT_KIND_SLEEP] = CTR_KIND_SLEEP,
	[CT_KIND_FD] = CTR_KIND_FD,	  [CT_KIND_POLL] = CTR_KIND_POLL,
	[CT_KIND_CALL] = CTR_KIND_CALL,	  [CT_KIND_IPC] = CTR_KIND_IPC,
};

static bool is_object(const struct ctr_trace *t, uint32_t object)
{
	return object < t->v.model->object_count;
}

static const struct ct_place *place_at(const struct ctr_trace *t, uint32_t object)
{
	static const struct ct_place none = {.process = CTR_NONE, .kind = CT_KIND_OTHER};

	return is_object(t, object) ? ct_model_place(t->v.model, object) : &none;
}

uint32_t ctr_objects(const struct ctr_trace *t)
{
	return t->v.model->object_count;
}

enum ctr_kind ctr_object_kind(const struct ctr_trace *t, uint32_t object)
{
	uint32_t kind = place_at(t, object)->kind;

	return kind < CT_KINDS ? kinds[kind] : CTR_KIND_OTHER;
}

const char *ctr_kind_name(enum ctr_kind kind)
{
	unsigned i;

	for (i = 0; kind != CTR_KIND_OTHER && i < CT_KINDS; i++)
		if (kinds[i] == kind)
			return ct_kind_name((enum ct_kind)i);
	return "other";
}

uint32_t ctr_object_process(const struct ctr_trace *t, uint32_t object)
{
	return place_at(t, object)->process;
}

uint32_t ctr_object_same(const struct ctr_trace *t, uint32_t object)
{
	const struct ct_object *o;

	if (!is_object(t, object))
		return CTR_NONE;
	o = &t->v.model->objects[object];
	return o->same ? o->same - 1 : object;
}

uint64_t ctr_object_address(const struct ctr_trace *t, uint32_t object)
{
	return place_at(t, object)->address;
}

uint32_t ctr_object_create_stack(const struct ctr_trace *t, uint32_t object)
{
	return is_object(t, object) ? t->v.model->objects[object].init_stack : 0;
}

static char *make_object(struct ctr_trace *t, uint32_t row, char *buf, size_t size)
{
	return ct_name_object(&t->v, row, t->object_ops[row], buf, size);
}

const char *ctr_object_name(struct ctr_trace *t, uint32_t object)
{
	if (!t->object_ops)
		t->object_ops = ct_model_object_ops(t->v.model);
	if (!is_object(t, object) || !t->object_ops)
		return "";
	return ctr_keep(t, &t->object_names, t->v.model->object_count, object, make_object);
}

/* --- sums ---------------------------------------------------------------------------------------------------------------- */

static const struct ct_cell *cell_at(const struct ctr_trace *t, uint32_t sum)
{
	static const struct ct_cell none = {.thread = CTR_NONE, .object = CTR_NONE};

	return sum < t->v.model->cells.count ? ct_model_cell(t->v.model, sum) : &none;
}

uint32_t ctr_sums(const struct ctr_trace *t)
{
	return t->v.model->cells.count;
}

uint32_t ctr_sum_thread(const struct ctr_trace *t, uint32_t sum)
{
	return cell_at(t, sum)->thread;
}

uint32_t ctr_sum_object(const struct ctr_trace *t, uint32_t sum)
{
	return cell_at(t, sum)->object;
}

uint32_t ctr_sum_op(const struct ctr_trace *t, uint32_t sum)
{
	return cell_at(t, sum)->op;
}

uint32_t ctr_sum_stack(const struct ctr_trace *t, uint32_t sum)
{
	return cell_at(t, sum)->stack;
}

enum ctr_reason ctr_public_reason(const struct ctr_trace *t, uint32_t cell)
{
	static const enum ctr_reason reasons[CT_WHYS] = {
		[CT_WHY_LOCK] = CTR_REASON_CONTENTION, [CT_WHY_OTHERS] = CTR_REASON_OTHERS,
		[CT_WHY_IO] = CTR_REASON_IO,	       [CT_WHY_CALLS] = CTR_REASON_CALLS,
		[CT_WHY_SLEEP] = CTR_REASON_SLEEP,     [CT_WHY_IDLE] = CTR_REASON_IDLE,
	};
	uint32_t why;

	if (cell >= t->v.model->cells.count)
		return CTR_REASON_UNKNOWN;
	why = ct_model_cell(t->v.model, cell)->why;
	return why < CT_WHYS ? reasons[why] : CTR_REASON_UNKNOWN;
}

enum ctr_reason ctr_sum_reason(const struct ctr_trace *t, uint32_t sum)
{
	return ctr_public_reason(t, sum);
}

const char *ctr_reason_name(enum ctr_reason reason)
{
	switch (reason) {
	case CTR_REASON_CONTENTION: return ct_why_name(CT_WHY_LOCK);
	case CTR_REASON_OTHERS: return ct_why_name(CT_WHY_OTHERS);
	case CTR_REASON_IO: return ct_why_name(CT_WHY_IO);
	case CTR_REASON_CALLS: return ct_why_name(CT_WHY_CALLS);
	case CTR_REASON_SLEEP: return ct_why_name(CT_WHY_SLEEP);
	case CTR_REASON_IDLE: return ct_why_name(CT_WHY_IDLE);
	case CTR_REASON_UNKNOWN:
	default: return "unknown";
	}
}

uint64_t ctr_sum_waits(const struct ctr_trace *t, uint32_t sum)
{
	return ct_cell_waits(cell_at(t, sum));
}

uint64_t ctr_sum_ns(const struct ctr_trace *t, uint32_t sum)
{
	return ct_view_ns(&t->v, ct_cell_total(cell_at(t, sum)));
}

uint64_t ctr_sum_max_ns(const struct ctr_trace *t, uint32_t sum)
{
	return ct_view_ns(&t->v, cell_at(t, sum)->max);
}

uint64_t ctr_sum_short_waits(const struct ctr_trace *t, uint32_t sum)
{
	return cell_at(t, sum)->short_waits;
}

uint64_t ctr_sum_short_ns(const struct ctr_trace *t, uint32_t sum)
{
	return ct_view_ns(&t->v, cell_at(t, sum)->short_total);
}

const char *ctr_op_name(uint32_t op)
{
	return ct_op_name(op);
}

const char *ctr_op_label(uint32_t op)
{
	return ct_op_label(op);
}

/* --- calls --------------------------------------------------------------------------------------------------------------- */

static const struct ct_calls *calls_at(const struct ctr_trace *t, uint32_t call)
{
	static const struct ct_calls none = {.thread = CTR_NONE};

	return call < t->v.model->calls.count ? ct_table_row(&t->v.model->calls, call) : &none;
}

uint32_t ctr_calls(const struct ctr_trace *t)
{
	return t->v.model->calls.count;
}

uint32_t ctr_call_thread(const struct ctr_trace *t, uint32_t call)
{
	return calls_at(t, call)->thread;
}

uint32_t ctr_call_op(const struct ctr_trace *t, uint32_t call)
{
	return calls_at(t, call)->op;
}

uint64_t ctr_call_count(const struct ctr_trace *t, uint32_t call)
{
	return calls_at(t, call)->count;
}

uint64_t ctr_call_ns(const struct ctr_trace *t, uint32_t call)
{
	return ct_view_ns(&t->v, calls_at(t, call)->total);
}

uint64_t ctr_call_max_ns(const struct ctr_trace *t, uint32_t call)
{
	return ct_view_ns(&t->v, calls_at(t, call)->max);
}

uint64_t ctr_call_recorded(const struct ctr_trace *t, uint32_t call)
{
	return calls_at(t, call)->recorded;
}

uint64_t ctr_call_recorded_ns(const struct ctr_trace *t, uint32_t call)
{
	return ct_view_ns(&t->v, calls_at(t, call)->recorded_total);
}

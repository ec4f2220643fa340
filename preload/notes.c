/*
 * notes.c - ctrace.h as the traced program finds it: each function by its name, and the table that the header looks for.
 *
 * They stand in front of nothing and so are not in hooks.def; preload/libctrace.map lists them.
 */
#define CTRACE_API_ONLY
#include <ctrace/ctrace.h>

#include "capture/note.h"
#include "wrap.h"

CT_EXPORT int ctrace_enabled(void)
{
	return ct_note_enabled();
}

CT_EXPORT uint64_t ctrace_task_begin(const char *name, uint64_t parent)
{
	return ct_note_task_begin(name, parent);
}

CT_EXPORT void ctrace_task_end(uint64_t task)
{
	ct_note_task_end(task);
}

CT_EXPORT uint64_t ctrace_region_begin(const char *name, uint64_t task)
{
	return ct_note_region_begin(name, task);
}

CT_EXPORT void ctrace_region_end(uint64_t region)
{
	ct_note_region_end(region);
}

CT_EXPORT void ctrace_log(uint64_t task, const char *category, const char *message)
{
	ct_note_log(task, category, message);
}

CT_EXPORT void ctrace_label(const char *key, const char *value)
{
	ct_note_label(key, value);
}

CT_EXPORT int ctrace_start(void)
{
	return ct_note_start();
}

CT_EXPORT int ctrace_stop(void)
{
	return ct_note_stop();
}

CT_EXPORT int ctrace_snapshot(const char *name)
{
	return ct_note_snapshot(name);
}

CT_EXPORT const struct ctrace_api ctrace_api_1 = {
	.size = sizeof(struct ctrace_api),
	.enabled = ctrace_enabled,
	.task_begin = ct_note_task_begin,
	.task_end = ct_note_task_end,
	.region_begin = ct_note_region_begin,
	.region_end = ct_note_region_end,
	.log_message = ct_note_log,
	.label = ct_note_label,
	.start_recording = ct_note_start,
	.stop_recording = ct_note_stop,
	.snapshot = ct_note_snapshot,
};

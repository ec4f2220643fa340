/*
 * text.h - the text form of a trace: a line for everything a file holds.  `ctrace raw` prints it, tests are written in it, and
 * what is printed and read back is the same trace.  This file has the pieces that print and the reader that makes a stream file;
 * going over a whole trace to print it is src/read/dump.c.
 *
 *      ctrace 1
 *      process 0 pid=100 exe="/usr/bin/app"
 *      stack lock_it 0x401200 0x401100
 *      chunk slot=0 thread=1 tid=100 base=1000
 *      thread_begin +0 thread=1 tid=100
 *      wait +500 op=mutex dur=300 object=cache_lock stack=lock_it owner=101
 *
 * The first word says what the line is; then come key=value pairs in any order.  What is left out is 0, except as said below.
 * Everything from # on is a comment, blank lines are nothing.  Numbers are decimal, 0x hexadecimal, or negative where signed.
 *
 *   ctrace 1              must be the first line
 *   header KEY=VALUE...   any member of struct ct_header that is a number, by its name (major, features, policy, clock,
 *                         ticks_per_second, start_mono_ns...; finished=0 leaves out index and footer); trace_id=HEX;
 *                         host, kernel, version, arena_path = "text"
 *                         default: policy=1 clock=2 ticks_per_second=1000000000 machine=62 finished=1
 *   sample ticks= mono_ns=      one clock sample
 *   lost REASON count=          header counter; a number of enum ct_loss
 *   process N pid= ppid= forked_from= begin= end= exit= exe= cmdline= glibc= flags= state=      state: default 2, live
 *   module N path= build_id=HEX build_id_len= lo= hi= first_seen= state=                                      state: default 2, complete
 *   string ID "text"            puts text at its place; exe="text" elsewhere finds it or appends it
 *   node N frame= parent=
 *   stack NAME FRAME...         frames, innermost first; makes nodes; stack=NAME then stands for it
 *   symbol FRAME function="" file="" line= flags=     again for the same frame: the next line of it
 *   data FRAME name="" function="" file="" line= offset=
 *   blind N process= kind= path= detail= count=
 *   thread N thread= process= tid= begin= end= records= waits= name=""
 *   slot N process= thread= tid= parent= routine= begin= name="" waits= lost= op= object= start= owner= stack= site= mutex=
 *   chunk slot= seq= process= thread= tid= lost= base= mono= epoch= state=
 *                         default: slot 0 or the last one; seq: the slot's next; process, thread, tid: the slot's last, or
 *                         0, slot + 1, 100 + slot; base: where the slot's last chunk ended, or 1000; mono: from base;
 *                         state 2, sealed.  A record without a chunk makes one; a full chunk goes on in another.
 *   EVENT TIME FIELD=VALUE...   a record; event and fields as in events.def
 *                         TIME: +20 later than the record before, -20 earlier (CT_TAG_BACK), or @1234 in ticks
 *                         a word `plain`: CT_TAG_PLAIN
 *                         text="..." stands for all fields of type text of the event
 *                         an event of a later version: event40 +5 f0=1 f2=3
 *   end records= ticks= torn=   the end of the chunk, where its head tells otherwise than its records; torn: bytes that
 *                         were reserved and never written
 *   block                 what follows goes to another block
 *
 * FRAME is 0x401200 (raw), 3:0x1200 (module 3), 3:0x1200! (interrupted there, no return address), stop:1 (the walk stopped).
 * A name as value of an addr field (object=cache_lock) is an address that this name gets when it is first used.
 *
 * Two lines make files that no writer makes, for tests:
 *   break payload         flip a byte in the payload of the block that ends here
 *   break head            the same in its head
 *   break footer          leave out index and footer of a file that says it is finished
 *   break end bytes=N     cut N bytes from the end of the file
 */
#ifndef CT_FILE_TEXT_H
#define CT_FILE_TEXT_H

#include <stdio.h>

#include "decode.h"

/*
 * ct_text_record - one record as a line
 * Context: tools.
 */
void ct_text_record(FILE *out, const struct ct_record *r);

/*
 * ct_text_frame - a frame as FRAME above
 * Context: tools.
 */
void ct_text_frame(FILE *out, uint64_t frame);

/*
 * ct_text_string - text in double quotes; what is not printable ASCII or UTF-8 is escaped
 * Context: tools.
 */
void ct_text_string(FILE *out, const char *text);

/*
 * ct_text_thread_name - the name in a thread_name record
 * @name: room for 17 bytes
 * Context: tools.
 */
void ct_text_thread_name(const struct ct_record *r, char *name);

/*
 * ct_text_words - what the fields of type text in a record say together
 * @text: room for CT_TEXT_BYTES + 1
 * Returns the number of the first of them, -1 when the event has none.
 * Context: tools.
 */
#define CT_TEXT_BYTES (8 * CT_FIELDS_MAX)
int ct_text_words(const struct ct_record *r, char *text);

/*
 * ct_text_header, ct_text_process, ct_text_blind, ct_text_thread, ct_text_module, ct_text_node, ct_text_slot, ct_text_chunk - a row as
 * key=value words
 * Each word has a space before it; what has its default is left out.
 * Context: tools.
 */
void ct_text_header(FILE *out, const struct ct_header *row);
void ct_text_process(FILE *out, const struct ct_process_rec *row);
void ct_text_blind(FILE *out, const struct ct_blind_rec *row);
void ct_text_thread(FILE *out, const struct ct_thread_rec *row);
void ct_text_module(FILE *out, const struct ct_module_rec *row);
void ct_text_node(FILE *out, const struct ct_trie_node *row);
void ct_text_slot(FILE *out, const struct ct_slot *row);
void ct_text_chunk(FILE *out, const struct ct_chunk *head);

/*
 * ct_text_parse - make a stream file of text
 * @in, @in_name: the text, and what to call it in messages
 * @path: the file to write, as ct_stream_create()
 * @why:  on error one line: in_name:line: what is wrong
 * Returns 0, -errno or -CT_ERR_SYNTAX.
 * Context: tools.
 */
int ct_text_parse(FILE *in, const char *in_name, const char *path, char *why, size_t why_size);

#endif

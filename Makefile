# ctrace: one Makefile for everything.  Sources are found by wildcard, objects go to
# build/<config>/, a changed flag rebuilds what it touches.  `make help` lists the targets.
#
# Two kinds of objects are made from src/:
#   target  code that runs inside the traced program: position independent, freestanding in
#           spirit, never sanitized; becomes libctrace.so
#   tool    the same folders and all the others for ordinary processes; becomes
#           libctrace-tools.a, which the tools and the unit tests link

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# ---- what the user may set (harvested by `make help`) ---------------------------------------
#
# var CC: compiler, gcc (default) or clang; the C++ compiler follows it
# var CFLAGS: optimisation and debug flags, default -O2 -g
# var SAN: address, undefined or thread: sanitize the tools and unit tests
# var DEBUG: 1 builds without optimisation and with every self-check
# var WERROR: 1 makes warnings errors (so does CI=true)
# var V: 1 prints every command
# var O: where objects go, default build
# var PREFIX: where install puts things, default /usr/local
# var DESTDIR: staging root for packagers
# var LIBBPF: empty builds without libbpf, default 1 where it is installed
# var SUBJECTS: tiers whose programs `make subjects` builds, default all
# var JOBS: how many tests run at once, default the number of CPUs

ifneq ($(filter undefined default,$(origin CC)),)
CC := gcc
endif
ifneq ($(filter undefined default,$(origin CXX)),)
CXX := $(patsubst %gcc,%g++,$(patsubst clang%,clang++%,$(CC)))
endif
AR      ?= ar
NM      ?= nm
OBJCOPY ?= objcopy
INSTALL ?= install
PREFIX  ?= /usr/local
O       ?= build
V       ?= 0
SAN     ?=
DEBUG   ?=
SUBJECTS ?= run cli fault hazards accuracy
JOBS    ?= $(shell nproc)
ifeq ($(CI),true)
WERROR ?= 1
endif

comma  := ,
empty  :=
space  := $(empty) $(empty)
Q      := $(if $(filter 1,$(V)),,@)
say     = $(if $(filter 1,$(V)),@:,@printf '  %-7s %s\n' $(1) $(2))

# ---- configuration: one folder for each combination that changes the objects ------------------

san_short := $(subst address,asan,$(subst undefined,ubsan,$(subst thread,tsan,$(subst $(comma),-,$(SAN)))))
cc_short  := $(filter-out gcc,$(notdir $(firstword $(CC))))
CONFIG    := $(subst $(space),-,$(strip $(cc_short) $(if $(filter 1,$(DEBUG)),debug,$(if $(SAN),,release)) $(san_short)))
B         := $(O)/$(CONFIG)
IS_CLANG  := $(findstring clang,$(shell $(CC) --version 2>/dev/null | head -n 1))
MACHINE   := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null)))

# ---- flags ------------------------------------------------------------------------------------

ifeq ($(DEBUG),1)
CFLAGS   ?= -O0 -g3
CXXFLAGS ?= -O0 -g3
CT_DEBUG := 3
else
CFLAGS   ?= -O2 -g
CXXFLAGS ?= -O2 -g
CT_DEBUG := 1
endif

WARN  := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wconversion
WARN  += $(if $(filter 1,$(WERROR)),-Werror)
INC   := -Iinclude -Isrc
DEPS   = -MMD -MP -MF $(@:.o=.d)
ifeq ($(SAN),fuzzer)
SANFLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer
else
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer) \
            $(if $(findstring undefined,$(SAN)),-fno-sanitize-recover=undefined)
endif

# Code in the target.  What each flag is for:
#   -fexceptions -fasynchronous-unwind-tables  cancellation and C++ exceptions pass through wrappers
#   -ftls-model=initial-exec                   no __tls_get_addr, which may allocate
#   -fno-builtin, -fno-tree-loop-distribute-patterns  no call to memcpy or memset made from a loop
#   -mmemset-strategy                          gcc zeroes a struct of over 96 bytes with "rep stos" else: 13 ns, not 3
#   -fno-stack-protector, -U_FORTIFY_SOURCE    no __stack_chk_fail or *_chk import, which abort
TARGET_CFLAGS := -std=gnu11 -D_GNU_SOURCE= -fPIC -fvisibility=hidden -fexceptions -fasynchronous-unwind-tables \
	-fomit-frame-pointer -fno-plt -ftls-model=initial-exec -fno-stack-protector -fno-builtin \
	-U_FORTIFY_SOURCE -DCT_TARGET=1 -DCT_DEBUG=$(if $(filter 1,$(DEBUG)),3,0) \
	$(if $(IS_CLANG),,-fno-tree-loop-distribute-patterns) \
	$(if $(IS_CLANG)$(filter-out x86_64,$(MACHINE)),,-mmemset-strategy=unrolled_loop:256:noalign$(comma)rep_8byte:-1:noalign) \
	$(if $(filter x86_64,$(MACHINE)),-fcf-protection=none) $(if $(filter aarch64,$(MACHINE)),-mno-outline-atomics)
TARGET_LDFLAGS := -shared -nostartfiles -Wl,-z,initfirst -Wl,-z,nodelete -Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack \
	-Wl,--as-needed -Wl,--no-undefined -Wl,-soname,libctrace.so

# libbpf 1.0 or newer, if it is there: without it, switches come from perf alone.
ifeq ($(origin LIBBPF),undefined)
LIBBPF := $(shell printf '_Static_assert(LIBBPF_MAJOR_VERSION >= 1, "");\n' | \
	$(CC) $(CPPFLAGS) -include bpf/libbpf.h -fsyntax-only -x c - 2>/dev/null && echo 1)
endif
# Position independent and hidden, because libctrace-reader.so is linked from the same objects.
TOOL_CFLAGS := -std=gnu11 -fno-omit-frame-pointer -fPIC -fvisibility=hidden -pthread -D_GNU_SOURCE= -DCT_DEBUG=$(CT_DEBUG) \
	$(if $(IS_CLANG)$(filter-out x86_64,$(MACHINE)),,-mmemset-strategy=unrolled_loop:256:noalign$(comma)libcall:-1:noalign) \
	$(if $(LIBBPF),-DCT_LIBBPF=1) $(SANFLAGS)
READER_LIBS := -ldw -lelf -llzma -liberty -lzstd -ldl -pthread
TOOL_LIBS   := $(if $(LIBBPF),-lbpf) $(READER_LIBS) -lsqlite3 -lz

# Subject programs are built as a distribution would build them, and never sanitized.
SUBJECT_CFLAGS := -std=gnu11 -Wall -Wextra $(if $(filter 1,$(WERROR)),-Werror) -O2 -g -pthread -D_GNU_SOURCE=
SUBJECT_CXXFLAGS := -std=c++17 -Wall -Wextra $(if $(filter 1,$(WERROR)),-Werror) -O2 -g -pthread

# ---- sources ----------------------------------------------------------------------------------

# The encoder is the one part of src/file that runs in the target.
target_src := $(wildcard preload/*.c preload/*.S $(foreach d,sys capture,src/$(d)/*.[cS] src/$(d)/*/*.[cS]) \
	src/file/encode.c src/file/shape.c)
lib_src    := $(filter-out $(if $(LIBBPF),,src/run/bpf_%),$(wildcard $(foreach d,sys capture file read symbol model run views,\
	src/$(d)/*.[cS] src/$(d)/*/*.[cS])))
cmd_src    := $(wildcard tools/cmd_*.c)
main_src   := $(wildcard tools/ctrace.c tools/ctrace-run.c)
reader_src := $(wildcard src/views/reader/*.c)
shared_src := $(filter-out $(cmd_src) $(main_src),$(wildcard tools/*.c))

unit_src   := $(wildcard tests/unit/test_*.c)
unit_extra := $(filter-out $(unit_src),$(wildcard tests/unit/*.c))
fuzz_src   := $(wildcard tests/fuzz/fuzz_*.c)
bench_src  := $(wildcard tests/bench/*.c)
# An example that reads traces is no subject: it is built against the installed header alone.
analyser_src := examples/block_time/block_time.c
# libunwind is held against our unwinder on x86-64, with subjects that have its instructions.
subject_src := $(filter-out $(analyser_src) $(if $(filter x86_64,$(MACHINE)),,tests/run/stack_%), \
	$(wildcard $(foreach d,$(SUBJECTS),tests/$(d)/*.c tests/$(d)/*.cc) examples/*/*.c examples/*/*.cc))

obj         = $(addsuffix .o,$(addprefix $(B)/$(1)/,$(basename $(2))))
target_obj := $(call obj,target,$(target_src))
lib_obj    := $(call obj,tool,$(lib_src))
cmd_obj    := $(call obj,tool,$(cmd_src))
shared_obj := $(call obj,tool,$(shared_src))
reader_obj := $(call obj,tool,$(reader_src))
unit_obj   := $(call obj,tool,$(unit_src) $(unit_extra))
unit_bin   := $(patsubst tests/unit/%.c,$(B)/unit/%,$(unit_src))
fuzz_bin   := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(fuzz_src))

# tests/run/a.c -> build/x/run/a; examples/convoy/convoy.c -> build/x/examples/convoy
subject_path = $(B)/$(if $(filter examples/%,$(1)),examples/$(basename $(notdir $(1))),$(basename $(patsubst tests/%,%,$(1))))
bench_bin  := $(patsubst tests/%.c,$(B)/%,$(bench_src))
subject_bin := $(foreach s,$(subject_src),$(call subject_path,$(s)))

LIB      := $(B)/libctrace-tools.a
PRELOAD  := $(if $(wildcard preload/*.c),$(B)/libctrace.so)
TOOLS    := $(patsubst tools/%.c,$(B)/%,$(main_src))
# a program needs libctrace-reader.so.1 to run, libctrace-reader.so to be linked
READER   := $(addprefix $(B)/libctrace-reader,.so.1 .so .a)
ANALYSER := $(B)/examples/block_time
products := $(PRELOAD) $(if $(lib_src),$(LIB)) $(TOOLS) $(READER) $(ANALYSER)

# ---- building ---------------------------------------------------------------------------------

.PHONY: all preload subjects units
## all: build libctrace.so, ctrace, ctrace-run and the examples
all: $(products) $(filter $(B)/examples/%,$(subject_bin))

## preload: libctrace.so alone, as for another architecture: CC=aarch64-linux-gnu-gcc
preload: $(PRELOAD)

subjects: $(subject_bin) $(bench_bin)
units: $(unit_bin)

# Objects depend on this file, which changes when the compiler or the flags do.
flags_now := $(CC) | $(CXX) | $(CPPFLAGS) | $(CFLAGS) | $(CXXFLAGS) | $(LDFLAGS) | $(WARN) | $(TARGET_CFLAGS) | \
	$(TOOL_CFLAGS) | $(SUBJECT_CFLAGS) | $(SUBJECT_CXXFLAGS)
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(flags_now)' | cmp -s - $@ || printf '%s\n' '$(flags_now)' > $@
FORCE:

$(B)/target/%.o: %.c $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(INC) $(CPPFLAGS) $(WARN) $(CFLAGS) $(TARGET_CFLAGS) $(DEPS) -c -o $@ $<

$(B)/target/%.o: %.S $(B)/flags
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(INC) $(CPPFLAGS) $(CFLAGS) $(TARGET_CFLAGS) $(DEPS) -c -o $@ $<

$(B)/tool/%.o: %.c $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(INC) $(CPPFLAGS) $(WARN) $(CFLAGS) $(TOOL_CFLAGS) $(DEPS) -c -o $@ $<

$(B)/tool/%.o: %.S $(B)/flags
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(INC) $(CPPFLAGS) $(CFLAGS) $(DEPS) -c -o $@ $<

# aarch64 has one condition variable only, so no versions to tell apart
map := $(if $(filter x86_64,$(MACHINE)),$(wildcard preload/libctrace.map))
$(B)/libctrace.so: $(target_obj) $(map)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(TARGET_LDFLAGS) $(map:%=-Wl,--version-script=%) -o $@ $(target_obj)

$(LIB): $(lib_obj)
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/ctrace: $(B)/tool/tools/ctrace.o $(cmd_obj) $(shared_obj) $(LIB)
$(B)/ctrace-run: $(B)/tool/tools/ctrace-run.o $(shared_obj) $(LIB)
$(B)/ctrace $(B)/ctrace-run:
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(TOOL_LIBS)

# The public reader: the views' code behind <ctrace/reader.h>, which exports nothing else.
reader_map := src/views/reader/libctrace-reader.map
$(B)/libctrace-reader.so.1: $(reader_obj) $(LIB) $(reader_map)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(@F) -Wl,--version-script=$(reader_map) -Wl,-z,now \
		-Wl,-z,relro -Wl,-z,noexecstack -Wl,--as-needed -o $@ $(reader_obj) $(LIB) $(READER_LIBS)

$(B)/libctrace-reader.so: $(B)/libctrace-reader.so.1
	$(Q)ln -sf $(<F) $@

# One object of all that the reader needs, in which only names of the reader can be seen.
$(B)/libctrace-reader.a: $(reader_obj) $(LIB)
	$(call say,AR,$@)
	$(Q)$(CC) -r -nostdlib -o $(@:.a=.o) $(reader_obj) $(LIB)
	$(Q)$(OBJCOPY) --localize-hidden $(@:.a=.o)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(@:.a=.o)

$(B)/public/ctrace/reader.h: include/ctrace/reader.h
	$(Q)mkdir -p $(@D) && cp $< $@

$(ANALYSER): $(analyser_src) $(B)/public/ctrace/reader.h $(B)/libctrace-reader.so $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SUBJECT_CFLAGS) $(SANFLAGS) $(LDFLAGS) -I$(B)/public -o $@ $< -L$(B) -lctrace-reader -Wl,-rpath,'$$ORIGIN/..'

# A test or subject says what else it needs in a comment of its own: /* link: -lunwind */ and
# /* cflags: -O0 */.
wants = $$(sed -n 's,^.*/\* *$(1): *\(.*[^ ]\) *\*/.*$$,\1,p' $<)

$(unit_bin): $(B)/unit/%: tests/unit/%.c $(B)/tool/tests/unit/%.o $(call obj,tool,$(unit_extra)) $(LIB)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(call wants,link) -lcmocka $(TOOL_LIBS)

$(unit_obj): INC += -Ipreload -Itests

define subject_rule
$(call subject_path,$(1)): $(1) $(B)/flags
	$$(call say,$(if $(filter %.cc,$(1)),CXX,CC),$$<)
	@mkdir -p $$(@D)
	$$(Q)$(if $(filter %.cc,$(1)),$$(CXX) $$(SUBJECT_CXXFLAGS),$$(CC) $$(SUBJECT_CFLAGS)) $$(INC) $$(call wants,cflags) \
		-MMD -MP -MF $$@.d -o $$@ $$< $$(call wants,link)
endef
$(foreach s,$(subject_src),$(eval $(call subject_rule,$(s))))

# tests/bench/micro.c and all of tests/bench/micro/*.c are the one program build/x/bench/micro.
define bench_rule
$(patsubst tests/%.c,$(B)/%,$(1)): $(1) $(wildcard $(1:.c=)/*.[ch]) $(wildcard tests/bench/*.h) $(B)/flags
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(SUBJECT_CFLAGS) $$(INC) $$(call wants,cflags) -o $$@ $$(filter %.c,$$^) $$(call wants,link)
endef
$(foreach s,$(bench_src),$(eval $(call bench_rule,$(s))))

$(fuzz_bin): $(B)/fuzz/%: $(B)/tool/tests/fuzz/%.o $(LIB)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer,address,undefined -o $@ $^ $(TOOL_LIBS)

-include $(target_obj:.o=.d) $(lib_obj:.o=.d) $(cmd_obj:.o=.d) $(shared_obj:.o=.d) $(unit_obj:.o=.d) \
	$(subject_bin:=.d) $(main_src:%.c=$(B)/tool/%.d) $(fuzz_src:%.c=$(B)/tool/%.d)

# ---- trying and testing -----------------------------------------------------------------------

test_groups := build test $(if $(findstring clang,$(CC)),lint)
run_tests = $(Q)BUILD=$(abspath $(B)) JOBS=$(JOBS) SAN=$(SAN) tests/runner.sh
sub_make  = +$(Q)$(MAKE) --no-print-directory

.PHONY: demo demo-run deps test check check-unit check-trace check-run check-cli check-fault check-accuracy check-hazards check-interop check-hosts check-arch check-posix asan ubsan tsan fuzz bench
## demo: record a parallel compressor and print what its threads waited for
demo:
	$(Q)tests/deps.sh build demo
	$(sub_make) demo-run

demo-run: all
	$(Q)BUILD=$(abspath $(B)) tests/demo.sh

## test: install what is missing, build, run every test
test:
	$(Q)tests/deps.sh $(test_groups)
	$(sub_make) check

## deps: install every package that building, testing and linting want
deps:
	$(Q)tests/deps.sh build demo test lint

## check: build and run every test, installing nothing
check: all units subjects
	$(run_tests) house unit trace run accuracy cli fault hazards

## check-unit: the unit tests only
check-unit: units
	$(run_tests) unit

## check-trace: the hand-written text traces only
check-trace: all
	$(run_tests) trace

## check-run: small programs recorded for real
check-run: all subjects
	$(run_tests) run

## check-cli: the command line of the tools
check-cli: all subjects
	$(run_tests) cli

## check-fault: full disks, kills, damaged traces
check-fault: all subjects
	$(run_tests) fault

## check-accuracy: programs that know their own waits, against their traces
check-accuracy: all subjects
	$(run_tests) accuracy

## check-hazards: what undid other preloads (preload/HAZARDS.md)
check-hazards: all subjects
	$(run_tests) hazards

## check-hosts: programs of the distribution, bare against traced; minutes, not part of test
check-hosts:
	$(Q)tests/deps.sh $(test_groups) hosts
	$(sub_make) check-hosts-run

check-hosts-run: all subjects
	$(run_tests) hosts

## check-arch: musl, the oldest and newest Debian there is, aarch64 under qemu-user (root; PARTS='musl oldest newest aarch64')
check-arch:
	$(Q)tests/deps.sh $(test_groups) arch
	$(sub_make) check-arch-run

check-arch-run: all
	$(Q)BUILD=$(abspath $(B)) ARCH_DIR=$(abspath $(O))/arch JOBS=$(JOBS) MAKE='$(MAKE)' tests/arch/arch.sh

## check-posix: two conformance suites, 2,000 programs, bare against traced (root; PARTS='open_posix glibc', 15 minutes)
check-posix:
	$(Q)tests/deps.sh $(test_groups) posix
	$(sub_make) check-posix-run

check-posix-run: all
	$(Q)BUILD=$(abspath $(B)) POSIX_DIR=$(abspath $(O))/posix JOBS=$(JOBS) tests/posix/posix.sh

## check-interop: exports opened by the programs they are for, real ones of each release that can be had (PARTS='go_trace', minutes)
check-interop:
	$(Q)tests/deps.sh $(test_groups) interop
	$(sub_make) check-interop-run

check-interop-run: all subjects $(B)/unit/test_go_rules $(B)/unit/test_export_go
	$(Q)BUILD=$(abspath $(B)) INTEROP_DIR=$(abspath $(O))/interop JOBS=$(JOBS) tests/interop/interop.sh

check-san: all units subjects
	$(run_tests) unit trace cli

## asan: unit, trace and command-line tests under AddressSanitizer
asan:
	$(Q)tests/deps.sh $(test_groups)
	$(sub_make) SAN=address check-san

## ubsan: the same under UndefinedBehaviorSanitizer
ubsan:
	$(Q)tests/deps.sh $(test_groups)
	$(sub_make) SAN=undefined check-san

## tsan: the same under ThreadSanitizer
tsan:
	$(Q)tests/deps.sh $(test_groups)
	$(sub_make) SAN=thread check-san

## fuzz: fuzz the readers with libFuzzer, FUZZ_SECONDS=20 each
FUZZ_SECONDS ?= 20
fuzz:
	$(Q)tests/deps.sh build lint
	$(sub_make) CC=clang SAN=fuzzer fuzz-run
fuzz-run: $(fuzz_bin)
	$(Q)BUILD=$(abspath $(B)) FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz.sh $(notdir $(fuzz_bin))

## bench: bare against traced in alternating runs, medians and ratios, CSV in build/
bench:
	$(Q)tests/deps.sh $(test_groups) bench
	$(sub_make) bench-run
bench-run: all subjects
	$(Q)BUILD=$(abspath $(B)) tests/bench/bench.sh

# ---- proving without running ------------------------------------------------------------------

.PHONY: lint check-format check-tidy check-cppcheck check-shell check-manuals check-layers check-symbols check-reader-symbols \
	format compdb
## lint: formatting, clang-tidy, cppcheck, shellcheck, manuals, layers and symbols
lint:
	$(Q)tests/deps.sh build lint
	+$(Q)tests/lint/lint.sh '$(MAKE)'

style_src := $(wildcard $(foreach d,preload include/ctrace src/* src/*/* tools tests tests/* tests/*/* examples/*,$(d)/*.[ch] $(d)/*.cc $(d)/*.hpp))
tidy_src  := $(filter %.c,$(lib_src) $(filter preload/%,$(target_src)) $(cmd_src) $(main_src) $(shared_src))

check-format:
	$(Q)tests/lint/format.sh $(JOBS) $(style_src)

check-tidy:
	$(Q)printf '%s\n' $(tidy_src) | xargs -r -P $(JOBS) -n 1 tests/lint/tidy.sh $(INC) -std=gnu11 -D_GNU_SOURCE= -DCT_DEBUG=1 \
		$(if $(LIBBPF),-DCT_LIBBPF=1)

check-cppcheck:
	$(Q)$(if $(tidy_src),tests/lint/cppcheck.sh $(O)/cppcheck $(JOBS) $(INC) $(if $(LIBBPF),-DCT_LIBBPF=1) $(tidy_src))

check-shell:
	$(Q)tests/lint/shell.sh

check-manuals:
	$(Q)tests/lint/manuals.sh $(wildcard tools/*.1)

## check-layers: every include is one that src/layers.txt allows
check-layers:
	$(Q)tests/lint/layers.sh

## check-reader-symbols: what libctrace-reader exports is what reader.h declares
check-reader-symbols: $(READER)
	$(Q)CC='$(CC)' NM=$(NM) tests/lint/reader-symbols.sh $(READER)

## check-symbols: what libctrace.so exports and imports is what is listed
check-symbols: $(PRELOAD)
	$(Q)$(if $(PRELOAD),CC='$(CC)' NM=$(NM) tests/lint/symbols.sh $(B)/libctrace.so,echo 'check-symbols: no preload sources')

## format: rewrite the sources with clang-format
format:
	$(Q)$(if $(style_src),clang-format -i --style=file $(style_src))

## compdb: write compile_commands.json for editors
compdb:
	$(Q)( echo '['; sep=; for f in $(tidy_src) $(unit_src); do \
		printf '%s{"directory": "%s", "file": "%s", "command": "%s"}\n' "$$sep" '$(CURDIR)' "$$f" \
		"$(CC) $(INC) -Ipreload -Itests $(WARN) $(CFLAGS) $(TOOL_CFLAGS) -c $$f"; sep=,; done; echo ']' ) > compile_commands.json

# ---- installing -------------------------------------------------------------------------------

bindir := $(DESTDIR)$(PREFIX)/bin
libdir := $(DESTDIR)$(PREFIX)/lib/ctrace
devdir := $(DESTDIR)$(PREFIX)/lib
pcdir  := $(devdir)/pkgconfig
incdir := $(DESTDIR)$(PREFIX)/include/ctrace
version = $(shell sed -n 's/.define CTRACE_VERSION "\(.*\)"/\1/p' include/ctrace/version.h)
mandir := $(DESTDIR)$(PREFIX)/share/man/man1
compdir := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
public := include/ctrace/ctrace.h include/ctrace/ctrace.hpp include/ctrace/reader.h

.PHONY: install uninstall clean help
## install: put the tools, the libraries, headers, manuals and completion under PREFIX
install: $(PRELOAD) $(TOOLS) $(READER)
	$(Q)$(INSTALL) -d $(devdir) $(pcdir) $(incdir)
	$(Q)$(INSTALL) -m 644 $(B)/libctrace-reader.so.1 $(B)/libctrace-reader.a $(devdir)
	$(Q)ln -sf libctrace-reader.so.1 $(devdir)/libctrace-reader.so
	$(Q)sed 's,@PREFIX@,$(PREFIX),; s,@VERSION@,$(version),' src/views/reader/ctrace-reader.pc.in >$(B)/ctrace-reader.pc
	$(Q)$(INSTALL) -m 644 $(B)/ctrace-reader.pc $(pcdir)
	$(if $(TOOLS),$(Q)$(INSTALL) -d $(bindir) && $(INSTALL) -m 755 $(TOOLS) $(bindir))
	$(if $(PRELOAD),$(Q)$(INSTALL) -d $(libdir) && $(INSTALL) -m 755 $(PRELOAD) $(libdir))
	$(if $(wildcard tools/*.1),$(Q)$(INSTALL) -d $(mandir) && $(INSTALL) -m 644 $(wildcard tools/*.1) $(mandir))
	$(Q)$(INSTALL) -d $(incdir) && $(INSTALL) -m 644 $(public) $(incdir)
	$(Q)$(INSTALL) -d $(compdir) && for name in ctrace ctrace-run; do \
		$(INSTALL) -m 644 tools/completions/ctrace.bash $(compdir)/$$name || exit 1; done

## uninstall: remove what install put there
uninstall:
	$(Q)rm -f $(bindir)/ctrace $(bindir)/ctrace-run $(libdir)/libctrace.so $(patsubst tools/%,$(mandir)/%,$(wildcard tools/*.1)) \
		$(compdir)/ctrace $(compdir)/ctrace-run $(addprefix $(devdir)/libctrace-reader,.so .so.1 .a) \
		$(pcdir)/ctrace-reader.pc $(patsubst include/ctrace/%,$(incdir)/%,$(public))
	$(Q)rmdir $(libdir) $(incdir) 2>/dev/null || true

## clean: remove everything that was built
clean:
	$(Q)rm -rf $(O) compile_commands.json

## help: this list
help:
	@echo 'targets:'
	@sed -n 's/^## \([a-z-]*\): \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20
	@echo 'variables:'
	@sed -n 's/^# var \([A-Z]*\): \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

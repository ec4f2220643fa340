/*
 * A length that is wrong by one makes an instruction of the middle of another, and a system call of a number: then a library is accused of
 * waiting unseen that does not, or one that does is not.  Lengths are objdump's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "symbol/calls.h"
#include "symbol/x86.h"

static void lengths(void **state)
{
	static const struct {
		const char *bytes;
		unsigned length;
		const char *text;
	} cases[] = {
		{"\x90", 1, "nop"},
		{"\xf3\x0f\x1e\xfa", 4, "endbr64"},
		{"\x41\x57", 2, "push r15"},
		{"\xb8\xca\x00\x00\x00", 5, "mov $0xca,eax"},
		{"\x48\xb8\x88\x77\x66\x55\x44\x33\x22\x11", 10, "movabs $0x1122334455667788,rax"},
		{"\xa2\x88\x77\x66\x55\x44\x33\x22\x11", 9, "movabs al,0x1122334455667788"},
		{"\x48\x89\xe5", 3, "mov rsp,rbp"},
		{"\x48\x8b\x44\x24\x10", 5, "mov 0x10(rsp),rax"},
		{"\x44\x8b\x0d\x78\x56\x34\x12", 7, "mov 0x12345678(rip),r9d"},
		{"\x48\x8d\x0c\xc0", 4, "lea (rax,rax,8),rcx"},
		{"\x48\x8d\x0c\x85\x78\x56\x34\x12", 8, "lea 0x12345678(,rax,4),rcx"},
		{"\x66\x81\x00\x34\x12", 5, "addw $0x1234,(rax)"},
		{"\x48\x05\x78\x56\x34\x12", 6, "add $0x12345678,rax"},
		{"\x49\x83\xfb\x7f", 4, "cmp $0x7f,r11"},
		{"\xa8\x01", 2, "test $0x1,al"},
		{"\xf7\x07\x44\x33\x22\x11", 6, "testl $0x11223344,(rdi)"},
		{"\xf6\x47\x05\x01", 4, "testb $0x1,0x5(rdi)"},
		{"\x48\xf7\xd8", 3, "neg rax"},
		{"\x48\x69\xc7\x78\x56\x34\x12", 7, "imul $0x12345678,rdi,rax"},
		{"\x48\x6b\xc7\x12", 4, "imul $0x12,rdi,rax"},
		{"\xe9\x9b\x86\x01\x00", 5, "jmp 0x18703"},
		{"\x0f\x84\x9a\x86\x01\x00", 6, "je 0x18708"},
		{"\x74\x08", 2, "je 0x78"},
		{"\xff\x50\x20", 3, "call *0x20(rax)"},
		{"\xc2\x08\x00", 3, "ret $0x8"},
		{"\xc8\x10\x00\x00", 4, "enter $0x10,$0x0"},
		{"\x66\x68\x34\x12", 4, "pushw $0x1234"},
		{"\x68\x78\x56\x34\x12", 5, "push $0x12345678"},
		{"\xf3\xa4", 2, "rep movsb ds:(rsi),es:(rdi)"},
		{"\xf0\x48\x0f\xb1\x8a\x34\x12\x00\x00", 9, "lock cmpxchg rcx,0x1234(rdx)"},
		{"\x66\x48\xe8\xe1\x03\x00\x00", 7, "data16 rex.W call 0x476"},
		{"\x66\x0f\x70\xc1\x1b", 5, "pshufd $0x1b,xmm1,xmm0"},
		{"\x48\x0f\xa4\xc2\x03", 5, "shld $0x3,rax,rdx"},
		{"\x48\x0f\xba\xe0\x05", 5, "bt $0x5,rax"},
		{"\x66\x0f\x3a\x44\xc1\x11", 6, "pclmulhqhqdq xmm1,xmm0"},
		{"\x66\x0f\x38\x00\xc1", 5, "pshufb xmm1,xmm0"},
		{"\xc5\xf8\x77", 3, "vzeroupper"},
		{"\xc5\xf5\xfe\xd0", 4, "vpaddd ymm0,ymm1,ymm2"},
		{"\xc4\xe3\xfd\x00\xc8\x4e", 6, "vpermq $0x4e,ymm0,ymm1"},
		{"\xc4\xe3\x6d\x02\xd9\xf0", 6, "vpblendd $0xf0,ymm1,ymm2,ymm3"},
		{"\x62\xf1\xfe\x48\x6f\x4e\x01", 7, "vmovdqu64 0x40(rsi),zmm1"},
		{"\x62\xf3\xf5\x48\x25\xc9\xff", 7, "vpternlogq $0xff,zmm1,zmm1,zmm1"},
		{"\x62\xf1\x75\x48\x74\x0f", 6, "vpcmpeqb (rdi),zmm1,k1"},
		{"\x62\xf1\x7d\x48\x70\x9c\x58\x34\x12\x00\x00\x1b", 12,
		 "vpshufd $0x1b,0x1234(rax,rbx,2),zmm3"},
		{"\xc4\xe1\xfb\x93\xc1", 5, "kmovq k1,rax"},
		{"\x64\x48\x8b\x04\x25\x28\x00\x00\x00", 9, "mov fs:0x28,rax"},
		{"\x66\x90", 2, "xchg ax,ax"},
		{"\x66\x0f\x1f\x04\x00", 5, "nopw (rax,rax,1)"},
		{"\x0f\x0b", 2, "ud2"},
		{"\xf4", 1, "hlt"},
		{"\x0f\x31", 2, "rdtsc"},
		{"\x0f\xa2", 2, "cpuid"},
		{"\x0f\x05", 2, "syscall"},
		{"\x0f\x34", 2, "sysenter"},
		{"\xcd\x80", 2, "int $0x80"},
		{"\xf2\x0f\x38\xf0\x07", 5, "crc32b (rdi),eax"},
		{"\xc4\xe2\xe0\xf2\xc8", 5, "andn rax,rbx,rcx"},
		{"\xc4\xe3\xfb\xf0\xd8\x07", 6, "rorx $0x7,rax,rbx"},
		{"\x0f\xc2\xc8\x02", 4, "cmpleps xmm0,xmm1"},
		{"\x66\x0f\xc5\xc0\x03", 5, "pextrw $0x3,xmm0,eax"},
		{"\xc7\xf8\x5e\x00\x00\x00", 6, "xbegin 0x181"},
		{"\x66\x0f\x38\xf8\x37", 5, "movdir64b (rdi),rsi"},
		{"\xd9\x6c\x24\x12", 4, "fldcw 0x12(rsp)"},
		{"\xe2\xf9", 2, "loop 0x127"},
		{"\xe4\x10", 2, "in $0x10,al"},
		{"\x0f\x95\xc0", 3, "setne al"},
		{"\x48\x0f\x45\xc1", 4, "cmovne rcx,rax"},
		{"\x0f\xb6\x07", 3, "movzbl (rdi),eax"},
		{"\x49\x0f\xca", 3, "bswap r10"},
	};
	uint8_t room[32];
	struct ct_x86 insn;
	unsigned i, k;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(room, 0x90, sizeof(room));
		memcpy(room, cases[i].bytes, cases[i].length);
		if (ct_x86_decode(room, sizeof(room), &insn) < 0 || insn.length != cases[i].length)
			fail_msg("%s: %u bytes, not %u", cases[i].text, insn.length,
				 cases[i].length);
		/* cut short it is none, and nothing beyond is read */
		for (k = 1; k < cases[i].length; k++) {
			uint8_t *part = malloc(k);

			memcpy(part, cases[i].bytes, k);
			if (ct_x86_decode(part, k, &insn) == 0 && insn.length > k)
				fail_msg("%s: reads beyond %u bytes", cases[i].text, k);
			free(part);
		}
	}
}

static void effects(void **state)
{
	static const struct {
		const char *bytes;
		unsigned length;
		enum ct_x86_effect effect;
		uint32_t number;
		unsigned reg;
	} cases[] = {
		{"\x0f\x05", 2, CT_X86_SYSCALL, 0, 0},
		{"\x0f\x34", 2, CT_X86_SYSCALL, 0, 0},
		{"\xcd\x80", 2, CT_X86_SYSCALL, 0, 0},
		{"\xcd\x81", 2, CT_X86_OTHER, 0, 0},
		{"\xb8\xca\x00\x00\x00", 5, CT_X86_SET, 202, 0},
		{"\x41\xb8\xca\x00\x00\x00", 6, CT_X86_SET, 202, 8},
		{"\x48\xc7\xc0\xca\x00\x00\x00", 7, CT_X86_SET, 202, 0},
		{"\x31\xc0", 2, CT_X86_SET, 0, 0},
		{"\x44\x89\xc0", 3, CT_X86_MOVE, 0, 8},
		{"\x89\xe8", 2, CT_X86_MOVE, 0, 5},
		{"\x8b\xc1", 2, CT_X86_MOVE, 0, 1},
		{"\x8b\x07", 2, CT_X86_LOSE, 0, 0},
		{"\x58", 1, CT_X86_LOSE, 0, 0},
		{"\x41\x58", 2, CT_X86_OTHER, 0, 0},
		{"\x0f\xb6\x07", 3, CT_X86_LOSE, 0, 0},
		{"\xe8\x00\x00\x00\x00", 5, CT_X86_LOSE, 0, 0},
		{"\xc3", 1, CT_X86_LEAVE, 0, 0},
		{"\xff\xe0", 2, CT_X86_LEAVE, 0, 0},
		{"\x48\x83\xf8\x01", 4, CT_X86_OTHER, 0, 0},
		{"\x48\x83\xc0\x01", 4, CT_X86_LOSE, 0, 0},
		{"\xbf\x01\x00\x00\x00", 5, CT_X86_SET, 1, 7},
	};
	struct ct_x86 insn;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			ct_x86_decode((const uint8_t *)cases[i].bytes, cases[i].length, &insn), 0);
		if (insn.effect != cases[i].effect || insn.number != cases[i].number ||
		    insn.reg != cases[i].reg)
			fail_msg("case %u: effect %d, number %u, register %u", i, (int)insn.effect,
				 insn.number, insn.reg);
	}
}

static void survives_anything(void **state)
{
	uint8_t bytes[16];
	struct ct_x86 insn;
	unsigned seed = 3;
	size_t n, k;
	int i;

	(void)state;
	for (i = 0; i < 2000000; i++) {
		n = 1 + (size_t)rand_r(&seed) % sizeof(bytes);
		for (k = 0; k < n; k++)
			bytes[k] = (uint8_t)rand_r(&seed);
		if (ct_x86_decode(bytes, n, &insn) == 0 && (!insn.length || insn.length > n))
			fail_msg("%u bytes of %zu", insn.length, n);
	}
}

static void calls_by_number(void **state)
{
	(void)state;
#if defined(__x86_64__)
	assert_string_equal(ct_call_waiting(202), "futex");
	assert_string_equal(ct_call_waiting(0), "read");
	assert_null(ct_call_waiting(186)); /* gettid */
#endif
	assert_string_equal(ct_call_waiting(426), "io_uring_enter");
	assert_null(ct_call_waiting(UINT32_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(lengths), cmocka_unit_test(effects),
					   cmocka_unit_test(survives_anything),
					   cmocka_unit_test(calls_by_number)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

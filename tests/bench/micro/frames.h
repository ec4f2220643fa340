/*
 * frames.h - deep call stacks on demand, for measuring what a stack costs.
 *
 * frames_30(leaf, arg) calls leaf(arg) below thirty different functions.  frames_path(bits, leaf,
 * arg) calls it below thirty frames whose return addresses spell @bits, so that 2^30 different
 * stacks exist.  The empty asm after each call keeps the compiler from making it a jump.
 */
#ifndef CTRACE_BENCH_FRAMES_H
#define CTRACE_BENCH_FRAMES_H

#include <stdint.h>

#ifdef __clang__
#define FRAME_ALONE __attribute__((noinline))
#else
#define FRAME_ALONE __attribute__((noinline, noclone))
#endif
#define FRAME_KEEP() __asm__ volatile("" ::: "memory")

#define FRAME(self, next)                                                                          \
	static FRAME_ALONE void self(void (*leaf)(void *), void *arg)                              \
	{                                                                                          \
		next(leaf, arg);                                                                   \
		FRAME_KEEP();                                                                      \
	}

static FRAME_ALONE void frame_30(void (*leaf)(void *), void *arg)
{
	leaf(arg);
	FRAME_KEEP();
}

FRAME(frame_29, frame_30)
FRAME(frame_28, frame_29)
FRAME(frame_27, frame_28)
FRAME(frame_26, frame_27)
FRAME(frame_25, frame_26)
FRAME(frame_24, frame_25)
FRAME(frame_23, frame_24)
FRAME(frame_22, frame_23)
FRAME(frame_21, frame_22)
FRAME(frame_20, frame_21)
FRAME(frame_19, frame_20)
FRAME(frame_18, frame_19)
FRAME(frame_17, frame_18)
FRAME(frame_16, frame_17)
FRAME(frame_15, frame_16)
FRAME(frame_14, frame_15)
FRAME(frame_13, frame_14)
FRAME(frame_12, frame_13)
FRAME(frame_11, frame_12)
FRAME(frame_10, frame_11)
FRAME(frame_09, frame_10)
FRAME(frame_08, frame_09)
FRAME(frame_07, frame_08)
FRAME(frame_06, frame_07)
FRAME(frame_05, frame_06)
FRAME(frame_04, frame_05)
FRAME(frame_03, frame_04)
FRAME(frame_02, frame_03)
FRAME(frame_01, frame_02)

static inline void frames_30(void (*leaf)(void *), void *arg)
{
	frame_01(leaf, arg);
}

static void frames_path(uint32_t bits, int depth, void (*leaf)(void *), void *arg);

#define FRAME_TURN(self)                                                                           \
	static FRAME_ALONE void self(uint32_t bits, int depth, void (*leaf)(void *), void *arg)    \
	{                                                                                          \
		frames_path(bits >> 1, depth - 1, leaf, arg);                                      \
		FRAME_KEEP();                                                                      \
	}

FRAME_TURN(frame_left)
FRAME_TURN(frame_right)

/* Inlined into both turns at any optimisation, so that every level is exactly one frame. */
static inline __attribute__((always_inline)) void frames_path(uint32_t bits, int depth,
							      void (*leaf)(void *), void *arg)
{
	if (depth == 0)
		leaf(arg);
	else if (bits & 1)
		frame_right(bits, depth, leaf, arg);
	else
		frame_left(bits, depth, leaf, arg);
}

#endif

/* version.h - which ctrace this is; the one place that says it. */
#ifndef CTRACE_VERSION_H
#define CTRACE_VERSION_H

#define CTRACE_VERSION "0.1"

#endif

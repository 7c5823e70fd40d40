// See stdint.h.
#ifndef PANALLAMA_STDDEF_H
#define PANALLAMA_STDDEF_H

typedef unsigned long long size_t;
typedef long long ptrdiff_t;

#define NULL ((void *) 0)

#endif

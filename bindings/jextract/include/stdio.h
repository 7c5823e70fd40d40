// See stdint.h. The functions that take a FILE are not bound; they only have to parse.
#ifndef PANALLAMA_STDIO_H
#define PANALLAMA_STDIO_H

typedef struct panallama_file FILE;

#endif

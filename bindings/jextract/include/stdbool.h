// See stdint.h.
#ifndef PANALLAMA_STDBOOL_H
#define PANALLAMA_STDBOOL_H

#define bool _Bool
#define true 1
#define false 0

#endif

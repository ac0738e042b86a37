/* load_counters.h: the guest's instructions, as bench/insncount.c counts them, before a window and after it. Without
 * --counters nothing is opened, and looking at them does nothing. */
#ifndef BENCH_LOAD_COUNTERS_H
#define BENCH_LOAD_COUNTERS_H

void load_counters_open(void); /* ends the program where --counters names none */
void load_counters_begin(void);
void load_counters_end(void);
void load_counters_print(void); /* as a JSON list: end less begin, in the plugin's order */

#endif

/* builtins.c: what help() says, and where random numbers start. */
#include "lib/pd.h"
#include "lib/random.h"
#include "python/endpoint.h"
#include "python/port.h"

#include "py/builtin.h"

const char python_help_text[] = "This is MicroPython on Serval.\n"
                                "\n"
                                "  import fs_async, socket, asyncio   files with await, TCP and UDP, tasks\n"
                                "  open('/name'), os.listdir()        files of the mount\n"
                                "  help('modules')                    all modules\n"
                                "\n"
                                "Ctrl-C stops a running program, Ctrl-D on an empty line starts the interpreter anew,\n"
                                "Ctrl-A switches to the raw prompt for tools, Ctrl-B back, Ctrl-E to paste.\n";

uint32_t python_random_seed(void)
{
    return random_word();
}

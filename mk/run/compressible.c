/* mk/run/compressible.c: of each name on stdin, with a zero behind it, one letter on stdout: y, the front looks for
 * compressed variants beside a file of that name; or n. For `make compress`. */
#include <stdio.h>

#include "http/site/types.h"

int main(void)
{
    static char name[1 << 16];
    uint32_t length = 0;

    for (int c; (c = getchar()) != EOF;) {
        if (c != '\0' && length < sizeof(name)) {
            name[length++] = (char)c;
        } else if (c == '\0') {
            putchar(http_type_of(name, length).flags & TYPE_COMPRESSIBLE ? 'y' : 'n');
            length = 0;
        }
    }
    return fflush(stdout) ? 1 : 0;
}

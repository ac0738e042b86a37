/* py/mperrno.h of the host tests: MicroPython numbers errors as Linux does. */
#include <errno.h>
#define MP_EACCES EACCES
#define MP_EBADF EBADF
#define MP_EEXIST EEXIST
#define MP_EFAULT EFAULT
#define MP_EFBIG EFBIG
#define MP_EHOSTUNREACH EHOSTUNREACH
#define MP_EINVAL EINVAL
#define MP_EIO EIO
#define MP_EISDIR EISDIR
#define MP_ENFILE ENFILE
#define MP_ENODEV ENODEV
#define MP_ENOENT ENOENT
#define MP_ENOSPC ENOSPC
#define MP_ENOTDIR ENOTDIR
#define MP_EOPNOTSUPP EOPNOTSUPP
#define MP_EROFS EROFS

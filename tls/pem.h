/* tls/pem.h: certificates out of a PEM file (RFC 7468): pure functions. */
#ifndef TLS_PEM_H
#define TLS_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The next certificate in text: its DER lies at *der, over what it was made of, its length is told, *text and *length go
 * behind it. What stands between certificates is passed over. 0: there is none left; PEM_BROKEN: it has no end, or what
 * lies in it is no base64. */
#define PEM_BROKEN SIZE_MAX
size_t pem_next_certificate(char **text, size_t *length, uint8_t **der);

#endif

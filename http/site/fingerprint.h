/* http/site/fingerprint.h: has a file a fingerprint of its content in its name, as tools that build sites give one? Then
 * what has this name never changes.
 *
 *     app-3f9a1c2b.js   main.3f9a1c2b.min.css   index-BgQ3x_9z.js.map   chunk-3VQZ7A2P.js   logo.27e20196a850.svg
 *
 * The last extension is taken away, and so are, from the end, others of up to seven small letters and digits. What is left
 * ends in '-' or '.' and the fingerprint, with something before that. A fingerprint is
 *   - 8 to 64 hexadecimal digits, small ('_' may stand before them, too), that are no end of a UUID: letters and digits
 *     among them, in a picture, a font, a sound or a film at least three groups of them; or
 *   - exactly eight letters, digits, '-' and '_', capitals, small letters and digits among them (Vite, Rollup), which make
 *     four groups, in a picture .. five. A group is a word (small letters, perhaps a capital before them), capitals,
 *     digits, or one of the two signs; or
 *   - exactly eight of A-Z and 2-7, letters and digits among them (esbuild), not of a picture ..
 * So no date is one, no number, no word, no word with a number.
 */
#ifndef HTTP_SITE_FINGERPRINT_H
#define HTTP_SITE_FINGERPRINT_H

#include "http/parse/request.h"

enum fingerprint_of {
    FINGERPRINT_CODE,  /* scripts, styles, and their data */
    FINGERPRINT_MEDIA, /* pictures, fonts, sounds, films: whose names people and cameras give, too */
};

/* path: of a file, of which only the last name counts. */
bool site_has_fingerprint(struct http_slice path, enum fingerprint_of what);

#endif

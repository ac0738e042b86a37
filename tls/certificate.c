/* certificate.c: reads DER with AWS-LC's CBS, which checks every length.
 *   consumes  a certificate from a file of the site's owner, NOT trusted to be one
 *   trusts    nothing: a field that is not as it should be makes it no certificate; what is not needed is not looked at
 */
#include "tls/certificate.h"

#include <string.h>

#define TAG_VERSION (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0)
#define TAG_ISSUER_ID (CBS_ASN1_CONTEXT_SPECIFIC | 1)
#define TAG_SUBJECT_ID (CBS_ASN1_CONTEXT_SPECIFIC | 2)
#define TAG_EXTENSIONS (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 3)
#define TAG_DNS_NAME (CBS_ASN1_CONTEXT_SPECIFIC | 2)

static const uint8_t ec_public_key[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t p256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t subject_alt_name[] = {0x55, 0x1d, 0x11};

/* -- times -- */

static bool get_digits(CBS *in, int count, int low, int high, int *value)
{
    uint8_t digit;

    *value = 0;
    for (int i = 0; i < count; i++) {
        if (!CBS_get_u8(in, &digit) || digit < '0' || digit > '9') {
            return false;
        }
        *value = *value * 10 + (digit - '0');
    }
    return *value >= low && *value <= high;
}

/* Days from 1970-01-01 to that day of the Gregorian calendar: years are counted from March, so that a leap day is the
 * last of its year. */
static int64_t days(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;

    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

/* RFC 5280, 4.1.2.5: UTCTime with two digits of a year from 1950 on, GeneralizedTime with four; both end in Z. */
static bool get_time(CBS *in, int64_t *seconds)
{
    CBS text;
    CBS_ASN1_TAG tag;
    int year, month, day, hour, minute, second;
    uint8_t zone;

    if (!CBS_get_any_asn1(in, &text, &tag) || (tag != CBS_ASN1_UTCTIME && tag != CBS_ASN1_GENERALIZEDTIME) ||
        !(tag == CBS_ASN1_UTCTIME ? get_digits(&text, 2, 0, 99, &year) : get_digits(&text, 4, 0, 9999, &year)) ||
        !get_digits(&text, 2, 1, 12, &month) || !get_digits(&text, 2, 1, 31, &day) ||
        !get_digits(&text, 2, 0, 23, &hour) || !get_digits(&text, 2, 0, 59, &minute) ||
        !get_digits(&text, 2, 0, 60, &second) || !CBS_get_u8(&text, &zone) || zone != 'Z' || CBS_len(&text) > 0) {
        return false;
    }
    if (tag == CBS_ASN1_UTCTIME) {
        year += year < 50 ? 2000 : 1900;
    }
    *seconds = days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    return true;
}

static bool get_validity(CBS *in, struct certificate *certificate)
{
    CBS validity;

    return CBS_get_asn1(in, &validity, CBS_ASN1_SEQUENCE) && get_time(&validity, &certificate->not_before) &&
           get_time(&validity, &certificate->not_after) && CBS_len(&validity) == 0;
}

/* -- key, names -- */

/* RFC 5480, 2: the point stays empty where it is not one of P-256. */
static bool get_key(CBS *in, CBS *point)
{
    CBS info, algorithm, kind, curve, bits;
    uint8_t unused;

    CBS_init(point, NULL, 0);
    if (!CBS_get_asn1(in, &info, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&info, &algorithm, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&algorithm, &kind, CBS_ASN1_OBJECT) || !CBS_get_asn1(&info, &bits, CBS_ASN1_BITSTRING) ||
        !CBS_get_u8(&bits, &unused)) {
        return false;
    }
    if (CBS_mem_equal(&kind, ec_public_key, sizeof(ec_public_key)) &&
        CBS_get_asn1(&algorithm, &curve, CBS_ASN1_OBJECT) && CBS_mem_equal(&curve, p256, sizeof(p256)) && unused == 0 &&
        CBS_len(&bits) == KEYS_POINT_BYTES) {
        *point = bits;
    }
    return true;
}

static bool get_extension(CBS *in, struct certificate *certificate)
{
    CBS extension, name, value;

    if (!CBS_get_asn1(in, &extension, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&extension, &name, CBS_ASN1_OBJECT) ||
        !CBS_get_optional_asn1(&extension, NULL, NULL, CBS_ASN1_BOOLEAN) ||
        !CBS_get_asn1(&extension, &value, CBS_ASN1_OCTETSTRING)) {
        return false;
    }
    return !CBS_mem_equal(&name, subject_alt_name, sizeof(subject_alt_name)) ||
           CBS_get_asn1(&value, &certificate->names, CBS_ASN1_SEQUENCE);
}

static bool get_extensions(CBS *in, struct certificate *certificate)
{
    CBS outer, extensions;
    int present;

    CBS_init(&certificate->names, NULL, 0);
    if (!CBS_get_optional_asn1(in, &outer, &present, TAG_EXTENSIONS) || !present) {
        return CBS_len(in) == 0;
    }
    if (!CBS_get_asn1(&outer, &extensions, CBS_ASN1_SEQUENCE)) {
        return false;
    }
    while (CBS_len(&extensions) > 0) {
        if (!get_extension(&extensions, certificate)) {
            return false;
        }
    }
    return true;
}

bool certificate_read(struct certificate *certificate, const uint8_t *der, size_t length)
{
    CBS in, outer, body;

    CBS_init(&in, der, length);
    return CBS_get_asn1(&in, &outer, CBS_ASN1_SEQUENCE) && CBS_len(&in) == 0 &&
           CBS_get_asn1(&outer, &body, CBS_ASN1_SEQUENCE) && CBS_get_optional_asn1(&body, NULL, NULL, TAG_VERSION) &&
           CBS_get_asn1(&body, NULL, CBS_ASN1_INTEGER) && CBS_get_asn1(&body, NULL, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1_element(&body, &certificate->issuer, CBS_ASN1_SEQUENCE) && get_validity(&body, certificate) &&
           CBS_get_asn1_element(&body, &certificate->subject, CBS_ASN1_SEQUENCE) &&
           get_key(&body, &certificate->point) && CBS_get_optional_asn1(&body, NULL, NULL, TAG_ISSUER_ID) &&
           CBS_get_optional_asn1(&body, NULL, NULL, TAG_SUBJECT_ID) && get_extensions(&body, certificate);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool same_name(CBS name, const char *host, size_t length)
{
    const char *text = (const char *)CBS_data(&name);

    if (CBS_len(&name) != length) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (lower(text[i]) != host[i]) {
            return false;
        }
    }
    return true;
}

/* The star stands for one whole label, of a name that has two more. */
static bool same_below_star(CBS name, const char *host, size_t length)
{
    const char *dot = memchr(host, '.', length);
    const uint8_t *text = CBS_data(&name);

    if (!dot || dot == host || CBS_len(&name) < 3 || text[0] != '*' || text[1] != '.' ||
        !memchr(text + 2, '.', CBS_len(&name) - 2)) {
        return false;
    }
    CBS_skip(&name, 1);
    return same_name(name, dot, length - (size_t)(dot - host));
}

bool certificate_is_for(const struct certificate *certificate, const char *host, size_t length)
{
    CBS names = certificate->names, name;
    CBS_ASN1_TAG tag;

    while (CBS_len(&names) > 0 && CBS_get_any_asn1(&names, &name, &tag)) {
        if (tag == TAG_DNS_NAME && (same_name(name, host, length) || same_below_star(name, host, length))) {
            return true;
        }
    }
    return false;
}

/* tls_keys_pd.c: PD keys beside PD tls in one program: its entry points have other names. The generator of random numbers
 * is one for both.
 */
#define init keys_pd_init
#define protected keys_pd_protected
#include "keys/keys.c"

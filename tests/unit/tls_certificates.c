/* tls_certificates.c: certificates that were made for these tests, with keys that nothing else has. */
#include "tests/unit/tls_rig.h"

const char tls_leaf[] = "-----BEGIN CERTIFICATE-----\n"
                        "MIIBVzCB/6ADAgECAgEHMAoGCCqGSM49BAMCMBExDzANBgNVBAMMBklzc3VlcjAg\n"
                        "Fw0yMDAzMDExMjMwMTVaGA8yMTIwMDMwMTEyMzAxNVowFjEUMBIGA1UEAwwLc2Vy\n"
                        "dmFsLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQKH1/cLVdH+0FkVmcJ\n"
                        "fSWMVA42+OaPSPxRHIWcTQzQe+qhy2rJ/ROIplLpCFUAlUTPo3mduW7MtEa3q5Uh\n"
                        "XtEWo0EwPzAvBgNVHREEKDAmggtzZXJ2YWwudGVzdIILKi53aWxkLnRlc3SCClVQ\n"
                        "UEVSLnRlc3QwDAYDVR0TAQH/BAIwADAKBggqhkjOPQQDAgNHADBEAiALKNuWALDc\n"
                        "76sR0IZFRW18v/LVLBcBnkZfhwUj4OBRAQIgfnKDyN/wlkE2deupphLod8jb+sIP\n"
                        "/IAHBzZ0O5iveDg=\n"
                        "-----END CERTIFICATE-----\n";

const char tls_issuer[] = "-----BEGIN CERTIFICATE-----\n"
                          "MIIBJDCByqADAgECAgEHMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBFJvb3QwIBcN\n"
                          "MjAwMzAxMTIzMDE1WhgPMjEyMDAzMDExMjMwMTVaMBExDzANBgNVBAMMBklzc3Vl\n"
                          "cjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKnULu4Oc7RcBSZTRTctm9MEyfHf\n"
                          "bMd3jZaUhOyBczD1Fwr7KrtDJ/sbzw2Vj0T4ZYX09z0BacgDV5FtTvOwoh2jEzAR\n"
                          "MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhANvc0yf5W41LIVkV\n"
                          "T5Z1VXmoHAMw4Vv9N9S/Xhkk/vglAiEAoJonFrCFpGRCXtWhB3Agat3anWQXQGkV\n"
                          "Bxi96cYdT50=\n"
                          "-----END CERTIFICATE-----\n";

const char tls_second[] = "-----BEGIN CERTIFICATE-----\n"
                          "MIIBQzCB66ADAgECAgEHMAoGCCqGSM49BAMCMBYxFDASBgNVBAMMC3NlY29uZC50\n"
                          "ZXN0MCAXDTIwMDMwMTEyMzAxNVoYDzIxMjAwMzAxMTIzMDE1WjAWMRQwEgYDVQQD\n"
                          "DAtzZWNvbmQudGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGNOqxlkaX4F\n"
                          "NpV6ZzP5+Lbdu7LxGd+QvTrW62DJGKtk3iqxP5393O0iBzkWCgqqgqpVzRriyyPd\n"
                          "+UFcyP1IXmWjKDAmMBYGA1UdEQQPMA2CC3NlY29uZC50ZXN0MAwGA1UdEwEB/wQC\n"
                          "MAAwCgYIKoZIzj0EAwIDRwAwRAIgVz2Gpt8ddPCrs9GfjMfjkcKOSFQMX8Yjfc2/\n"
                          "JIcngfUCIDcwCto6FZNZ5sRmS7i5tPdo5i1HpWCZMrlSxLF+zBTc\n"
                          "-----END CERTIFICATE-----\n";

const char tls_expired[] = "-----BEGIN CERTIFICATE-----\n"
                           "MIIBPTCB5KADAgECAgEHMAoGCCqGSM49BAMCMBExDzANBgNVBAMMBklzc3VlcjAe\n"
                           "Fw05OTAzMDExMjMwMTVaFw0yMTAzMDExMjMwMTVaMBYxFDASBgNVBAMMC3NlcnZh\n"
                           "bC50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAECh9f3C1XR/tBZFZnCX0l\n"
                           "jFQONvjmj0j8URyFnE0M0Hvqoctqyf0TiKZS6QhVAJVEz6N5nbluzLRGt6uVIV7R\n"
                           "FqMoMCYwFgYDVR0RBA8wDYILc2VydmFsLnRlc3QwDAYDVR0TAQH/BAIwADAKBggq\n"
                           "hkjOPQQDAgNIADBFAiASAsHgHdKvJbPxY4RethKRGq6YAtGCxSKtItieqy9qTAIh\n"
                           "ALfPNSWVs5AG8A+0XBvGrNSWyGGqtuoF37i31Azmm8rS\n"
                           "-----END CERTIFICATE-----\n";

const char tls_early[] = "-----BEGIN CERTIFICATE-----\n"
                         "MIIBQTCB6KADAgECAgEHMAoGCCqGSM49BAMCMBExDzANBgNVBAMMBklzc3VlcjAi\n"
                         "GA8yMDkwMDMwMTEyMzAxNVoYDzIxMjAwMzAxMTIzMDE1WjAWMRQwEgYDVQQDDAtz\n"
                         "ZXJ2YWwudGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAofX9wtV0f7QWRW\n"
                         "Zwl9JYxUDjb45o9I/FEchZxNDNB76qHLasn9E4imUukIVQCVRM+jeZ25bsy0Rrer\n"
                         "lSFe0RajKDAmMBYGA1UdEQQPMA2CC3NlcnZhbC50ZXN0MAwGA1UdEwEB/wQCMAAw\n"
                         "CgYIKoZIzj0EAwIDSAAwRQIhAPWDi6O8CkvUtnYzd/sUSid4VWAwG1S+BJIV9Rq1\n"
                         "UhC0AiBDso3wxGMB3IOxCOmiKbiAd94dugucLvTMCF8z+5Ur3w==\n"
                         "-----END CERTIFICATE-----\n";

const char tls_stranger[] = "-----BEGIN CERTIFICATE-----\n"
                            "MIIBQDCB5qADAgECAgEHMAoGCCqGSM49BAMCMBExDzANBgNVBAMMBklzc3VlcjAg\n"
                            "Fw0yMDAzMDExMjMwMTVaGA8yMTIwMDMwMTEyMzAxNVowFjEUMBIGA1UEAwwLc2Vy\n"
                            "dmFsLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARPRbZkOZVWgo2hVzJm\n"
                            "zowRFOam0nqybN4IIi/2S/KcbCWCEZwc0YpvhFTeDP4wAJZn/2yXCF4xOunOtgWE\n"
                            "aJBioygwJjAWBgNVHREEDzANggtzZXJ2YWwudGVzdDAMBgNVHRMBAf8EAjAAMAoG\n"
                            "CCqGSM49BAMCA0kAMEYCIQDHgEMlMmihJlt2cIqTtNBQ4G5HE/SmdfHoVrnnLb3q\n"
                            "9AIhAP0wK4e4cpwsAKsrnCfWSBhIFgoAywSpHyfVuOrnb2av\n"
                            "-----END CERTIFICATE-----\n";

const char tls_rsa[] = "-----BEGIN CERTIFICATE-----\n"
                       "MIICCzCCAbGgAwIBAgIBBzAKBggqhkjOPQQDAjARMQ8wDQYDVQQDDAZJc3N1ZXIw\n"
                       "IBcNMjAwMzAxMTIzMDE1WhgPMjEyMDAzMDExMjMwMTVaMBYxFDASBgNVBAMMC3Nl\n"
                       "cnZhbC50ZXN0MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0+q7cgmn\n"
                       "Cf7JbnUpyVW4jYZ11t2gKLpwOXA74/0AuaRImBlpkizRJHICEn1TRdqAN7R+BEIJ\n"
                       "9JsppwAZz9c903NBMkvRNjPUvK4pZtEc24n1t4lit+emT/CcdYpJ+K4sKbCBqMax\n"
                       "9TaLWQ3y4J2ztacdvHSXJawmRQk1CAD/jr+LPVXEE5vMrVoL3ds9ZpcmFhoi0M6T\n"
                       "0AuvITpkgl34+0IOoM8XfHt3JDnN+jIKQIx2MfYcjX+7p38Dw71bUTpF5c0Zh2wg\n"
                       "K/lfHsjQ0KQoKZZDFe7YNGlCpvnncU3oACxNgpNSJgsPHiIeVkSp9JNIQbF636MC\n"
                       "q14yv3PdMVjghQIDAQABoygwJjAWBgNVHREEDzANggtzZXJ2YWwudGVzdDAMBgNV\n"
                       "HRMBAf8EAjAAMAoGCCqGSM49BAMCA0gAMEUCIQCXY80vgugR9+7KeFjwOEgSDPrC\n"
                       "KqeUslTgBkjMbpDkdwIgZ9guscJChH4kn12IGE0roIuN7O6ZRzYr3zk7oXp4rpo=\n"
                       "-----END CERTIFICATE-----\n";

const char tls_p384[] = "-----BEGIN CERTIFICATE-----\n"
                        "MIIBXTCCAQOgAwIBAgIBBzAKBggqhkjOPQQDAjARMQ8wDQYDVQQDDAZJc3N1ZXIw\n"
                        "IBcNMjAwMzAxMTIzMDE1WhgPMjEyMDAzMDExMjMwMTVaMBYxFDASBgNVBAMMC3Nl\n"
                        "cnZhbC50ZXN0MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAErYKwV8d3pdiDDvCnVViP\n"
                        "BCf+ZWM5Hcz8z8A/kAbaBE0vtMHobmso7K+W5y8kOgp2knCNHD7BmyN8rPO9Axnp\n"
                        "2kRbqkPN1rwVzLMPfMqpUUijdmlQ/ywEWs/dG5MsxG8xoygwJjAWBgNVHREEDzAN\n"
                        "ggtzZXJ2YWwudGVzdDAMBgNVHRMBAf8EAjAAMAoGCCqGSM49BAMCA0gAMEUCIH9j\n"
                        "OB/5IGuteZksuS9Bp+tUwFOYcR3QB+qdHshofg1/AiEA9Y4nw0+Z4/HODAVFpFR9\n"
                        "EEsxLQ8Jj0cYLW9tYW0fVCE=\n"
                        "-----END CERTIFICATE-----\n";

/* Of leaf and of second. */
const struct keys_config keys_config = {
    .tls = 2,
    .key_count = 2,
    .page = {tls_keys_page, KEYS_PAGE_BYTES, 0},
    .keys = {
        {.scalar = {0x26, 0x22, 0xda, 0x92, 0x65, 0x18, 0x5c, 0x86, 0xb1, 0x79, 0xc2, 0xfc, 0xf5, 0x44, 0x4a, 0x3c,
                    0xd5, 0x92, 0xc4, 0xd2, 0x9d, 0x26, 0x3c, 0x5a, 0x07, 0x55, 0x1a, 0xed, 0xee, 0xd8, 0x5a, 0xda},
         .point = {0x04, 0x0a, 0x1f, 0x5f, 0xdc, 0x2d, 0x57, 0x47, 0xfb, 0x41, 0x64, 0x56, 0x67, 0x09, 0x7d, 0x25, 0x8c,
                   0x54, 0x0e, 0x36, 0xf8, 0xe6, 0x8f, 0x48, 0xfc, 0x51, 0x1c, 0x85, 0x9c, 0x4d, 0x0c, 0xd0, 0x7b, 0xea,
                   0xa1, 0xcb, 0x6a, 0xc9, 0xfd, 0x13, 0x88, 0xa6, 0x52, 0xe9, 0x08, 0x55, 0x00, 0x95, 0x44, 0xcf, 0xa3,
                   0x79, 0x9d, 0xb9, 0x6e, 0xcc, 0xb4, 0x46, 0xb7, 0xab, 0x95, 0x21, 0x5e, 0xd1, 0x16}},
        {.scalar = {0x77, 0x39, 0x1b, 0x66, 0xd6, 0xc7, 0x4b, 0x06, 0x12, 0x2e, 0x90, 0x2f, 0x72, 0x2f, 0x66, 0xf7,
                    0xc6, 0x34, 0x48, 0x60, 0x52, 0xad, 0xb7, 0x2a, 0x1b, 0x95, 0x21, 0x4a, 0xea, 0xc9, 0x7a, 0xc6},
         .point = {0x04, 0x63, 0x4e, 0xab, 0x19, 0x64, 0x69, 0x7e, 0x05, 0x36, 0x95, 0x7a, 0x67, 0x33, 0xf9, 0xf8, 0xb6,
                   0xdd, 0xbb, 0xb2, 0xf1, 0x19, 0xdf, 0x90, 0xbd, 0x3a, 0xd6, 0xeb, 0x60, 0xc9, 0x18, 0xab, 0x64, 0xde,
                   0x2a, 0xb1, 0x3f, 0x9d, 0xfd, 0xdc, 0xed, 0x22, 0x07, 0x39, 0x16, 0x0a, 0x0a, 0xaa, 0x82, 0xaa, 0x55,
                   0xcd, 0x1a, 0xe2, 0xcb, 0x23, 0xdd, 0xf9, 0x41, 0x5c, 0xc8, 0xfd, 0x48, 0x5e, 0x65}},
    }};


/*
 * SipHash-1-3 is what its authors describe, for texts of all lengths up to some
 * blocks: the hashes are those of a program in another language, which with
 * two rounds and four has the one in their paper, a129ca6149be45e5, for the
 * bytes 0 to 14 and the key 0 to 15.  Texts are copied to blocks of their own
 * length, so that a sanitizer sees a byte read past an end.
 */

#include "tap.h"
#include "review/base/siphash.h"


int
main(void)
{
    char                  *text;
    size_t                 i, n;
    uint64_t               hash;
    static const uint64_t  key[] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
    static const uint64_t  other[] = { 0x0706050403020100, 0 };

    /* of the bytes 0, 1, 2 ..., by their number */

    static const uint64_t  hashes[] = {
        0xabac0158050fc4dc, 0xc9f49bf37d57ca93, 0x82cb9b024dc7d44d,
        0x8bf80ab8e7ddf7fb, 0xcf75576088d38328, 0xdef9d52f49533b67,
        0xc50d2b50c59f22a7, 0xd3927d989bb11140, 0x369095118d299a8e,
        0x25a48eb36c063de4, 0x79de85ee92ff097f, 0x70c118c1f94dc352,
        0x78a384b157b4d9a2, 0x306f760c1229ffa7, 0x605aa111c0f95d34,
        0xd320d86d2a519956, 0xcc4fdd1a7d908b66, 0x9cf2689063dbd80c,
        0x8ffc389cb473e63e, 0xf21f9de58d297d1c, 0xc0dc2f46a6cce040,
        0xb992abfe2b45f844, 0x7ffe7b9ba320872e, 0x525a0e7fdae6c123,
        0xf464aeb267349c8c, 0x45cd5928705b0979
    };

    for (n = 0; n < sizeof(hashes) / sizeof(hashes[0]); n++) {
        text = malloc(n ? n : 1);

        for (i = 0; i < n; i++) {
            text[i] = (char) i;
        }

        hash = review_siphash(text, n, key);
        ok(hash == hashes[n], "%zu bytes: %016llx", n,
           (unsigned long long) hash);
        ok(review_siphash(text, n, other) != hash, "another key");
        free(text);
    }

    ok(review_siphash(NULL, 0, key) == hashes[0], "no text");

    return tap_end();
}

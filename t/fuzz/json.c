
/*
 * Proves, for any text and all the flags in use, that what the scanner makes
 * into jansson's values is what jansson itself makes of it.
 */

#include "../unit/tap.h"
#include "review/json/load.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t               i;
    json_t              *ours, *theirs;
    static const size_t  flags[] = {
        0,
        JSON_REJECT_DUPLICATES,
        JSON_REJECT_DUPLICATES|JSON_DECODE_ANY,
        JSON_DECODE_INT_AS_REAL|JSON_ALLOW_NUL
    };

    for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        ours = review_json_read((const char *) data, size, flags[i]);

        if (ours == NULL) {
            continue;
        }

        theirs = json_loadb((const char *) data, size, flags[i], NULL);

        if (!json_equal(ours, theirs)) {
            fprintf(stderr, "not what jansson reads, flags %zu\n", flags[i]);
            abort();
        }

        json_decref(ours);
        json_decref(theirs);
    }

    return 0;
}

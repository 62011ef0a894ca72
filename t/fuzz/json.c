
/*
 * Proves, for any text and all the flags in use, that what the scanner makes
 * into jansson's values is what jansson itself makes of it; and that what is
 * wrong is told with a place inside of the text.
 */

#include "check.h"
#include "review/json/json.h"
#include "review/json/load.h"


static void
explain(const char *text, size_t size)
{
    size_t           line, column;
    json_t          *json;
    review_error_t   err;

    json = review_json_parse(text, size, &err);

    if (json == NULL && strcmp(err.text, "the text is empty, JSON was expected")
        && (sscanf(err.text, "line %zu, column %zu: ", &line, &column) != 2
            || line > size + 1 || column > size + 1
            || (err.pointer[0] && err.pointer[0] != '/')))
    {
        fprintf(stderr, "%s: %s\n", err.pointer, err.text);
        abort();
    }

    json_decref(json);
}


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

    explain((const char *) data, size);

    for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        ours = review_json_load_read((const char *) data, size, flags[i]);

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

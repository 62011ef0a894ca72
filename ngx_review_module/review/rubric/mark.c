
#include "review/rubric/mark.h"
#include "review/base/siphash.h"

#include <strings.h>


#define review_mark_is_hex(c)                                                 \
    ((unsigned char) ((c) - '0') < 10                                         \
     || (unsigned char) (((c) | 0x20) - 'a') < 6)


int
review_mark_holds(const review_str_t *text, const char *word)
{
    size_t       i;
    const char  *p, *last;

    /* one of its digits would be every 16th byte */

    for (i = REVIEW_MARK_WORD - 1; i < text->len; i += REVIEW_MARK_WORD) {

        if (!review_mark_is_hex(text->data[i])) {
            continue;
        }

        p = text->data + i - (REVIEW_MARK_WORD - 1);
        last = text->data + i;

        if (last > text->data + text->len - REVIEW_MARK_WORD) {
            last = text->data + text->len - REVIEW_MARK_WORD;
        }

        for ( /* void */ ; p <= last; p++) {
            if ((*p | 0x20) == word[0]
                && strncasecmp(p, word, REVIEW_MARK_WORD) == 0)
            {
                return 1;
            }
        }
    }

    return 0;
}


/*
 * The word of a text's marks is a hash of the text, so that whoever writes a
 * text does not know it before the text is done; and of nothing else, so that
 * it is the same for all points, on all machines and after restarts: an LLM's
 * cache of prefixes holds, and so does the hash of a call.
 *
 * Everybody may know the keys, and so may look for a text that holds its own
 * word.  A hash that makes that hard, as an HMAC is, would cost ten times as
 * much, and still leave it to chance.  Instead the text is looked into: the
 * word is the first that does not stand there.  A text has room for few words,
 * and there is a key for each number, so the search ends.
 */

void
review_mark_word(const review_str_t *text, char *word)
{
    size_t             i;
    uint64_t           hash, key[2];
    static const char  hex[] = "0123456789abcdef";

    key[0] = 0;
    key[1] = 0;

    do {
        hash = review_siphash(text->data, text->len, key);

        for (i = 0; i < REVIEW_MARK_WORD; i++) {
            word[i] = hex[hash >> 60];
            hash <<= 4;
        }

        key[1]++;

    } while (review_mark_holds(text, word));
}

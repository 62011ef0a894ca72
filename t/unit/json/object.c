
/*
 * Proves that members go where a list says, each of its kind and within its
 * bounds; that what is not there is left alone, unless it must be there; that
 * what is idle is known, and not read; that comments are free; and that a name
 * that is not known is told, with that which it is nearest to.
 */

#include "tap.h"
#include "review/json/json.h"


typedef struct {
    json_t        *any;
    json_t        *object;
    json_t        *array;
    review_str_t   string;
    review_str_t   text;
    int            integer;
    double         number;
    int            boolean;
    int            choice;
} things_t;


static const char *const  colours[] = { "red", "green", NULL };

static const review_member_t  members[] = {
    review_member("any", ANY, things_t, any),
    review_member("object", OBJECT, things_t, object),
    review_member("array", ARRAY, things_t, array),
    review_member("string", STRING, things_t, string, .min = 1, .max = 3),
    review_member("text", STRING, things_t, text,
                  .missing = "is missing: the text"),
    review_member("integer", INTEGER, things_t, integer, .min = 1, .max = 9),
    review_member("number", NUMBER, things_t, number, .max = 2),
    review_member("boolean", BOOLEAN, things_t, boolean),
    review_member("choice", CHOICE, things_t, choice, .names = colours),
    review_member_idle("idle"),
    review_member_end
};


static json_t          *json;
static things_t         things;
static review_error_t   err;


/* quotes are single ones here */

static int
read_things(const char *text)
{
    char    *p, *copy;
    size_t   len;

    len = strlen(text);
    copy = malloc(len + 1);
    memcpy(copy, text, len + 1);

    for (p = copy; *p; p++) {
        *p = (*p == '\'') ? '"' : *p;
    }

    json_decref(json);
    json = review_json_parse(copy, len, &err);
    free(copy);

    memset(&err, 0, sizeof(err));
    memset(&things, 0, sizeof(things));
    things.integer = 7;

    return review_json_object(json, "/at", members, &things, &err);
}


static void
bad(const char *text, const char *pointer, const char *words)
{
    int  rc;

    rc = read_things(text);

    ok(rc == 400 && strcmp(err.pointer, pointer) == 0
       && strcmp(err.text, words) == 0, "%s: %s: %s", text, err.pointer,
       err.text);
}


static void
test_kinds(void)
{
    ok(read_things("{'text':''}") == 0 && things.text.data
       && things.text.len == 0, "what must be there");
    ok(things.any == NULL && things.string.data == NULL && things.integer == 7,
       "what is not there is left alone");

    ok(read_things("{'any':null,'object':{},'array':[1],'string':'abc',"
                   "'text':'t','integer':9,'number':1.5,'boolean':true,"
                   "'choice':'green','idle':{'what':'ever'}}") == 0, "all");
    ok(json_is_null(things.any) && json_is_object(things.object)
       && json_array_size(things.array) == 1, "values");
    is_str(things.string, "abc", "a string");
    is_str(things.text, "t", "a text");
    ok(things.integer == 9 && things.number == 1.5, "numbers");
    ok(things.boolean == 1 && things.choice == 1, "a boolean, a choice");

    ok(read_things("{'text':'','number':2}") == 0 && things.number == 2,
       "an integer is a number");
    ok(read_things("{'text':'','number':0,'boolean':false,'choice':'red'}")
       == 0 && things.number == 0 && things.boolean == 0
       && things.choice == 0, "the least");
}


static void
test_wrong(void)
{
    bad("{}", "/at/text", "is missing: the text");
    bad("[]", "/at", "must be an object, got an array");
    bad("7", "/at", "must be an object, got an integer");
    bad("{'text':1}", "/at/text", "must be a string, got an integer");
    bad("{'text':null}", "/at/text", "must be a string, got null");
    bad("{'text':'','object':[]}", "/at/object",
        "must be an object, got an array");
    bad("{'text':'','array':{}}", "/at/array",
        "must be an array, got an object");
    bad("{'text':'','string':''}", "/at/string", "must not be empty");
    bad("{'text':'','string':'abcd'}", "/at/string",
        "must not be longer than 3 bytes, got 4");
    bad("{'text':'','string':true}", "/at/string",
        "must be a string, got a boolean");
    bad("{'text':'','integer':0}", "/at/integer",
        "must be an integer from 1 to 9, got 0");
    bad("{'text':'','integer':9223372036854775807}", "/at/integer",
        "must be an integer from 1 to 9, got 9223372036854775807");
    bad("{'text':'','integer':1.5}", "/at/integer",
        "must be an integer from 1 to 9, got a real number");
    bad("{'text':'','number':2.5}", "/at/number",
        "must be a number from 0 to 2, got 2.5");
    bad("{'text':'','number':'1'}", "/at/number",
        "must be a number from 0 to 2, got a string");
    bad("{'text':'','boolean':1}", "/at/boolean",
        "must be true or false, got an integer");
    bad("{'text':'','boolean':null}", "/at/boolean",
        "must be true or false, got null");
    bad("{'text':'','choice':'blue'}", "/at/choice",
        "must be one of red, green, got \"blue\"");
    bad("{'text':'','choice':1}", "/at/choice",
        "must be a string, got an integer");
}


#define KNOWN                                                                 \
    " is unknown, known are: any, object, array, string, text, integer, "     \
    "number, boolean, choice"

static void
test_unknown(void)
{
    char  text[600];

    ok(read_things("{'text':'','x-a':1,'$b':1,'_c':1,'x-':1}") == 0,
       "comments");

    bad("{'text':'','X-a':1}", "/at/X-a", "\"X-a\"" KNOWN);
    bad("{'text':'','xa':1}", "/at/xa", "\"xa\"" KNOWN);
    bad("{'text':'','':1}", "/at/", "\"\"" KNOWN);
    bad("{'text':'','a/~b':1}", "/at/a~1~0b", "\"a/~b\"" KNOWN);

    /* first what is there too much, then what is not */

    bad("{'txt':''}", "/at/txt", "\"txt\"" KNOWN "; did you mean \"text\"?");
    bad("{'strnig':1}", "/at/strnig",
        "\"strnig\"" KNOWN "; did you mean \"string\"?");
    bad("{'arrays':1}", "/at/arrays",
        "\"arrays\"" KNOWN "; did you mean \"array\"?");
    bad("{'umber':1}", "/at/umber",
        "\"umber\"" KNOWN "; did you mean \"number\"?");
    bad("{'objekkt':1}", "/at/objekkt",
        "\"objekkt\"" KNOWN "; did you mean \"object\"?");

    ok(read_things("{'objeckkts':1}") == 400 && !strstr(err.text, "mean"),
       "what is farther away is nothing's name");
    ok(read_things("{'idl':1}") == 400 && !strstr(err.text, "mean"),
       "nobody means what is of no use");
    ok(read_things("{'x':1}") == 400 && !strstr(err.text, "mean"),
       "nor is a letter half a name");

    snprintf(text, sizeof(text), "{'%0300d':1}", 1);
    ok(read_things(text) == 400 && strcmp(err.pointer, "/at") == 0
       && strncmp(err.text, "\"000", 4) == 0 && strstr(err.text, "choice")
       && !strstr(err.text, "mean"), "a long name");
}


static void
test_nulls(void)
{
    ok(read_things("{'any':null,'text':'t','none':null}") == 400, "null");
    review_json_object_drop_nulls(json);
    ok(json_object_size(json) == 1
       && review_json_object(json, "", members, &things, &err) == 0,
       "as good as none");
    review_json_object_drop_nulls(NULL);
}


static void
test_some(void)
{
    ok(read_things("{'text':'t','more':1}") == 400
       && review_json_object_members(json, "", members, &things, &err) == 0,
       "others may be somebody else's");
    is_str(things.text, "t", "its own");
    ok(review_json_object_find(members, "array") == &members[2]
       && review_json_object_find(members, "more") == NULL, "whose is it?");
}


/* what was read before is known to what is read later */

static int
read_last(void *into, json_t *value, const char *pointer, review_error_t *e)
{
    things_t *t = into;

    t->any = value;

    return t->integer == 9 ? review_refuse(e, 422, pointer, "is too much")
           : t->integer == 8 ? -1 : 0;
}


static int
read_by(const char *text)
{
    static const review_member_t  list[] = {
        review_member("integer", INTEGER, things_t, integer, .max = 9),
        review_member_by("last", ARRAY, read_last),
        review_member_by("more", ANY, read_last),
        review_member_end
    };

    (void) read_things(text);
    memset(&things, 0, sizeof(things));
    memset(&err, 0, sizeof(err));

    return review_json_object(json, "", list, &things, &err);
}


static void
test_by(void)
{
    ok(read_by("{'last':[],'more':7}") == 0
       && json_integer_value(things.any) == 7, "by functions, in their order");
    ok(read_by("{'last':[]}") == 0 && things.any == NULL,
       "called for what is not there, too");
    ok(read_by("{'last':{},'integer':9}") == 400
       && strcmp(err.pointer, "/last") == 0, "their types are checked before");
    ok(read_by("{'integer':9}") == 422 && strcmp(err.pointer, "/last") == 0
       && strcmp(err.text, "is too much") == 0, "what they return");
    ok(read_by("{'integer':8}") == -1, "no memory, say");
    ok(read_by("{'integer':10,'last':1}") == 400
       && strcmp(err.pointer, "/integer") == 0, "the first that is wrong");
}


int
main(void)
{
    test_kinds();
    test_wrong();
    test_unknown();
    test_nulls();
    test_some();
    test_by();

    json_decref(json);

    return tap_end();
}

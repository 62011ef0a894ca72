
/*
 * Every keyword that is allowed is checked, at its limits and on both sides of
 * them; every other one is refused by name, and so is a schema that is wrong
 * or too deep.  Pointers name the member at fault, whatever its name is, and
 * never outgrow their buffer.
 */

#include "tap.h"
#include "review/json/schema.h"
#include "review/base/utf8.h"


/* in JSON here single quotes stand for double ones */

typedef struct {
    const char  *schema;
    const char  *value;           /* NULL: the schema is wrong */
    const char  *pointer;         /* NULL: all is well */
    const char  *text;
} case_t;


#define LONG  "'投标保证金投标保证金投标保证金'"


static const case_t  cases[] = {

    /* schemas that we can check */

    { "{}", "1", NULL, "" },
    { "{'title':1,'description':[],'default':{},'examples':[],'format':'date',"
      "'$schema':'x','$id':'y','$comment':'z'}", "null", NULL, "" },

    /* and that we can't */

    { "[]", NULL, "/d", "must be a schema, an object, got an array" },
    { "true", NULL, "/d", "must be a schema, an object, got true" },
    { "{'pattern':'^a'}", NULL, "/d/pattern",
      "the keyword \"pattern\" is not supported" },
    { "{'properties':{'a':{'$ref':'#'}}}", NULL, "/d/properties/a/$ref",
      "the keyword \"$ref\" is not supported" },
    { "{'type':'int'}", NULL, "/d/type",
      "must be one of null, boolean, integer, number, string, array, object, "
      "got \"int\"" },
    { "{'type':7}", NULL, "/d/type", "must be one of null" },
    { "{'type':[]}", NULL, "/d/type", "must not be empty" },
    { "{'type':['string','text']}", NULL, "/d/type/1", "got \"text\"" },
    { "{'enum':'a'}", NULL, "/d/enum", "must be an array, got \"a\"" },
    { "{'enum':[]}", NULL, "/d/enum", "must not be empty" },
    { "{'properties':[]}", NULL, "/d/properties", "must be an object" },
    { "{'properties':{'a~/b':1}}", NULL, "/d/properties/a~0~1b",
      "must be a schema, an object, got 1" },
    { "{'required':'a'}", NULL, "/d/required", "must be an array" },
    { "{'required':['a',1]}", NULL, "/d/required/1",
      "must be a string, got 1" },
    { "{'additionalProperties':null}", NULL, "/d/additionalProperties",
      "must be a schema, an object, got null" },
    { "{'items':[{}]}", NULL, "/d/items", "must be a schema, an object" },
    { "{'items':true}", NULL, "/d/items", "must be a schema, an object" },
    { "{'minItems':-1}", NULL, "/d/minItems",
      "must be an integer of at least 0, got -1" },
    { "{'maxItems':1.5}", NULL, "/d/maxItems", "got 1.5" },
    { "{'minLength':'1'}", NULL, "/d/minLength", "got \"1\"" },
    { "{'maxLength':null}", NULL, "/d/maxLength", "got null" },
    { "{'minimum':'1'}", NULL, "/d/minimum", "must be a number, got \"1\"" },
    { "{'maximum':{}}", NULL, "/d/maximum", "got an object" },
    { "{'exclusiveMinimum':true}", NULL, "/d/exclusiveMinimum", "got true" },
    { "{'exclusiveMaximum':false}", NULL, "/d/exclusiveMaximum",
      "got false" },
    { "{'anyOf':{}}", NULL, "/d/anyOf", "must be an array" },
    { "{'anyOf':[]}", NULL, "/d/anyOf", "must not be empty" },
    { "{'anyOf':[{},{'x':1}]}", NULL, "/d/anyOf/1/x",
      "the keyword \"x\" is not supported" },

    /* type */

    { "{'type':'null'}", "null", NULL, "" },
    { "{'type':'null'}", "0", "/d", "must be null, got 0" },
    { "{'type':'boolean'}", "false", NULL, "" },
    { "{'type':'boolean'}", "'true'", "/d", "must be a boolean, got \"true\"" },
    { "{'type':'integer'}", "-3", NULL, "" },
    { "{'type':'integer'}", "3.0", NULL, "" },
    { "{'type':'integer'}", "1e300", NULL, "" },
    { "{'type':'integer'}", "3.5", "/d", "must be an integer, got 3.5" },
    { "{'type':'integer'}", "'abc'", "/d", "must be an integer, got \"abc\"" },
    { "{'type':'number'}", "3", NULL, "" },
    { "{'type':'number'}", "3.5", NULL, "" },
    { "{'type':'number'}", "'3'", "/d", "must be a number, got \"3\"" },
    { "{'type':'string'}", "'3'", NULL, "" },
    { "{'type':'string'}", "3", "/d", "must be a string, got 3" },
    { "{'type':'array'}", "[]", NULL, "" },
    { "{'type':'array'}", "{}", "/d", "must be an array, got an object" },
    { "{'type':'object'}", "{}", NULL, "" },
    { "{'type':'object'}", "[]", "/d", "must be an object, got an array" },
    { "{'type':['string','null']}", "null", NULL, "" },
    { "{'type':['string','null','integer']}", "true", "/d",
      "must be a string or null or an integer, got true" },

    /* enum, const */

    { "{'enum':['a',1,null,{'b':[2]}]}", "'a'", NULL, "" },
    { "{'enum':['a',1,null,{'b':[2]}]}", "1.0", NULL, "" },
    { "{'enum':['a',1,null,{'b':[2]}]}", "null", NULL, "" },
    { "{'enum':['a',1,null,{'b':[2]}]}", "{'b':[2]}", NULL, "" },
    { "{'enum':['a',1,null,{'b':[2]}]}", "'1'", "/d",
      "must be one of \"a\", 1, null, an object, got \"1\"" },
    { "{'enum':['现金','银行转账','保函']}", "'支票'", "/d",
      "must be one of \"现金\", \"银行转账\", \"保函\", got \"支票\"" },
    { "{'enum':[" LONG "," LONG "," LONG "," LONG "," LONG ",'b']}", "'c'",
      "/d", ", ..., got \"c\"" },
    { "{'enum':[" LONG "," LONG "," LONG "," LONG "," LONG ",'b']}", "'b'",
      NULL, "" },
    { "{'const':'v1'}", "'v1'", NULL, "" },
    { "{'const':'v1'}", "'v2'", "/d", "must be \"v1\", got \"v2\"" },
    { "{'const':true}", "1", "/d", "must be true, got 1" },

    /* objects */

    { "{'properties':{'a':{'type':'string'}}}", "{'a':'x','b':1}", NULL, "" },
    { "{'properties':{'a':{'type':'string'}}}", "{'a':1}", "/d/a",
      "must be a string, got 1" },
    { "{'properties':{'a':{'type':'string'}}}", "[1]", NULL, "" },
    { "{'properties':{'a/~b':{'type':'string'}}}", "{'a/~b':1}", "/d/a~1~0b",
      "must be a string" },
    { "{'required':['a','amount']}", "{'a':null,'amount':1}", NULL, "" },
    { "{'required':['a','amount']}", "{'a':null}", "/d",
      "member \"amount\" is missing" },
    { "{'required':['a']}", "7", NULL, "" },
    { "{'properties':{'a':{}},'additionalProperties':false}", "{'a':1}", NULL,
      "" },
    { "{'properties':{'a':{}},'additionalProperties':false}", "{'a':1,'b':2}",
      "/d/b", "is not a member that is allowed here" },
    { "{'properties':{'a':{}},'additionalProperties':true}", "{'b':2}", NULL,
      "" },
    { "{'properties':{'a':{}},'additionalProperties':{'type':'string'}}",
      "{'a':1,'b':'x'}", NULL, "" },
    { "{'properties':{'a':{}},'additionalProperties':{'type':'string'}}",
      "{'a':1,'b':2}", "/d/b", "must be a string, got 2" },
    { "{'properties':{'a':{'properties':{'b':{'items':{'required':['c']}}}}}}",
      "{'a':{'b':[{'c':1},{}]}}", "/d/a/b/1", "member \"c\" is missing" },

    /* arrays */

    { "{'items':{'type':'integer'}}", "[1,2]", NULL, "" },
    { "{'items':{'type':'integer'}}", "[1,'2']", "/d/1",
      "must be an integer, got \"2\"" },
    { "{'items':{'type':'integer'}}", "{'a':'b'}", NULL, "" },
    { "{'minItems':2,'maxItems':3}", "[1,2]", NULL, "" },
    { "{'minItems':2,'maxItems':3}", "[1,2,3]", NULL, "" },
    { "{'minItems':2,'maxItems':3}", "[1]", "/d",
      "must have at least 2 elements, got 1" },
    { "{'minItems':2,'maxItems':3}", "[1,2,3,4]", "/d",
      "must have at most 3 elements, got 4" },
    { "{'minItems':2}", "'a'", NULL, "" },

    /* strings: code points */

    { "{'minLength':2,'maxLength':3}", "'投标'", NULL, "" },
    { "{'minLength':2,'maxLength':3}", "'投标书'", NULL, "" },
    { "{'minLength':2,'maxLength':3}", "'投'", "/d",
      "must have at least 2 characters, got 1" },
    { "{'minLength':2,'maxLength':3}", "'投标文件'", "/d",
      "must have at most 3 characters, got 4" },
    { "{'minLength':2}", "1", NULL, "" },

    /* numbers */

    { "{'minimum':1,'maximum':3.5}", "1", NULL, "" },
    { "{'minimum':1,'maximum':3.5}", "3.5", NULL, "" },
    { "{'minimum':1,'maximum':3.5}", "0.99", "/d",
      "must be at least 1, got 0.99" },
    { "{'minimum':1,'maximum':3.5}", "4", "/d", "must be at most 3.5, got 4" },
    { "{'exclusiveMinimum':1,'exclusiveMaximum':3}", "2", NULL, "" },
    { "{'exclusiveMinimum':1,'exclusiveMaximum':3}", "1", "/d",
      "must be greater than 1, got 1" },
    { "{'exclusiveMinimum':1,'exclusiveMaximum':3}", "3.0", "/d",
      "must be less than 3, got 3" },
    { "{'minimum':1}", "'0'", NULL, "" },

    /* anyOf */

    { "{'anyOf':[{'type':'string'},{'minimum':3}]}", "'a'", NULL, "" },
    { "{'anyOf':[{'type':'string'},{'type':'number','minimum':3}]}", "4", NULL,
      "" },
    { "{'anyOf':[{'type':'string'},{'type':'number','minimum':3}]}", "2", "/d",
      "matches none of the 2 schemas of anyOf" },
    { "{'anyOf':[{'items':{'type':'string'}}]}", "['a',2]", "/d/1",
      "must be a string, got 2" },
    { "{'properties':{'a':{'anyOf':[{'items':{'const':1}},{'items':{'const':2}}"
      "]}}}", "{'a':[2,1]}", "/d/a", "matches none" },
    { "{'anyOf':[{'items':{'const':1}},{'items':{'const':2}}],'maxItems':1}",
      "[2,2]", "/d", "must have at most 1 elements, got 2" }
};


static json_t *
load(const char *text)
{
    char    *copy, *p;
    json_t  *json;

    copy = strdup(text);

    for (p = copy; *p; p++) {
        if (*p == '\'') {
            *p = '"';
        }
    }

    json = json_loads(copy, JSON_DECODE_ANY, NULL);

    if (json == NULL) {
        printf("Bail out! not JSON: %s\n", copy);
        exit(1);
    }

    free(copy);

    return json;
}


static void
check(const case_t *test)
{
    int              rc;
    json_t          *schema, *value;
    review_error_t   err;

    memset(&err, 0, sizeof(err));

    schema = load(test->schema);
    value = test->value ? load(test->value) : NULL;

    rc = review_schema_check(schema, "/d", &err);

    if (value) {
        ok(rc == 0, "%s can be checked %s", test->schema, err.text);

        rc = review_schema_validate(schema, value, "/d", &err);
    }

    if (test->pointer) {
        ok(rc == -1 && strcmp(err.pointer, test->pointer) == 0,
           "%s of %s: %s", test->value ? test->value : "schema", test->schema,
           err.pointer);
        ok(strstr(err.text, test->text), "%s", err.text);
        ok(review_utf8_valid(err.text, strlen(err.text)) == strlen(err.text),
           "it is UTF-8");

    } else {
        ok(rc == 0, "%s of %s %s", test->value, test->schema, err.text);
    }

    json_decref(schema);
    json_decref(value);
}


/* so many schemas, each the only member of the one before */

static json_t *
nested(const char *name, int depth)
{
    json_t  *schema;

    schema = json_object();

    while (--depth > 0) {

        if (strcmp(name, "properties") == 0) {
            schema = json_pack("{s:{s:o}}", name, "a", schema);

        } else if (strcmp(name, "anyOf") == 0) {
            schema = json_pack("{s:[o]}", name, schema);

        } else {
            schema = json_pack("{s:o}", name, schema);
        }
    }

    return schema;
}


static void
check_depth(void)
{
    size_t           i;
    json_t          *schema, *value;
    review_error_t   err;

    static const char  *names[] = {
        "properties", "items", "anyOf", "additionalProperties"
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        schema = nested(names[i], 32);

        ok(review_schema_check(schema, "", &err) == 0, "32 levels of %s",
           names[i]);

        json_decref(schema);

        schema = nested(names[i], 33);

        ok(review_schema_check(schema, "", &err) == -1
           && strstr(err.text, "nested deeper than 32"), "33 levels: %s %s",
           err.pointer, err.text);

        json_decref(schema);
    }

    /* one that was not checked does no harm */

    schema = nested("anyOf", 2000);
    value = json_integer(1);

    ok(review_schema_validate(schema, value, "", &err) == -1
       && strstr(err.text, "nested deeper than 32"), "2000 levels: %s",
       err.text);

    json_decref(schema);

    schema = load("{'type':7,'enum':{},'properties':[],'required':{},'items':"
                  "3,'anyOf':7,'minimum':'a'}");

    ok(review_schema_validate(schema, value, "", &err) == -1,
       "a schema that makes no sense");

    json_decref(schema);
    json_decref(value);
}


/* names of 100 bytes: the third one has no room any more */

static void
check_pointer(void)
{
    char             name[101], expected[256];
    json_t          *schema, *value;
    review_error_t   err;

    memset(name, 'x', 100);
    name[100] = '\0';

    schema = json_pack("{s:{s:{s:{s:{s:{s:{s:{s:{s:s}}}}}}}}}",
                       "properties", name, "properties", name,
                       "properties", name, "properties", "a", "type",
                       "string");
    value = json_pack("{s:{s:{s:{s:i}}}}", name, name, name, "a", 1);

    snprintf(expected, sizeof(expected), "/%s/%s", name, name);

    ok(review_schema_validate(schema, value, "", &err) == -1
       && strcmp(err.pointer, expected) == 0, "a long pointer: %s",
       err.pointer);

    json_object_clear(value);
    json_object_set_new(value, "properties", json_integer(1));

    ok(review_schema_check(value, "/points/0/data", &err) == -1
       && strcmp(err.pointer, "/points/0/data/properties") == 0,
       "a prefix: %s", err.pointer);

    json_decref(schema);
    json_decref(value);

    /* what did not fit leaves no trace in what comes after it */

    schema = load("{'properties':{'z':{'type':'string'}},"
                  "'additionalProperties':{'additionalProperties':"
                  "{'additionalProperties':{}}}}");
    value = json_pack("{s:{s:{s:i}},s:i}", name, name, name, 1, "z", 7);

    ok(review_schema_validate(schema, value, "/d", &err) == -1
       && strcmp(err.pointer, "/d/z") == 0, "after a long one: %s",
       err.pointer);

    json_decref(schema);
    json_decref(value);
}


/* {"keyword": ["...", ...]}, of n strings, the last of which is "a" */

static json_t *
list_of(const char *keyword, size_t n)
{
    char     name[24];
    json_t  *list;

    list = json_array();

    while (--n) {
        snprintf(name, sizeof(name), "%zu", n);
        json_array_append_new(list, json_string(name));
    }

    json_array_append_new(list, json_string("a"));

    return json_pack("{s:o}", keyword, list);
}


static void
bounded(json_t *schema, const char *pointer, const char *text)
{
    int             rc;
    review_error_t  err;

    memset(&err, 0, sizeof(err));

    rc = review_schema_check(schema, "/d", &err);

    ok(text ? rc == -1 && strcmp(err.pointer, pointer) == 0
              && strstr(err.text, text)
            : rc == 0, "%s: %s", text ? text : "no more than may be", err.text);

    json_decref(schema);
}


static void
check_size(void)
{
    size_t   i;
    json_t  *values;

    bounded(list_of("enum", 1000), NULL, NULL);
    bounded(list_of("enum", 1001), "/d/enum",
            "must have at most 1000 elements, got 1001");
    bounded(list_of("required", 1000), NULL, NULL);
    bounded(json_pack("{s:o}", "items", list_of("required", 1001)),
            "/d/items/required", "must have at most 1000 elements, got 1001");
    bounded(list_of("type", 8), "/d/type", "must have at most 7 elements");

    /* the schema, the array, and what is in it */

    values = json_array();

    for (i = 0; i < 4998; i++) {
        json_array_append_new(values, json_object());
    }

    bounded(json_pack("{s:O}", "default", values), NULL, NULL);

    json_array_append_new(values, json_null());

    bounded(json_pack("{s:O}", "default", values), "/d",
            "a schema may have at most 5000 values");
    json_decref(values);
}


/* n elements, all the same */

static json_t *
array_of(json_t *element, size_t n)
{
    json_t  *array;

    array = json_array();

    while (n--) {
        json_array_append(array, element);
    }

    json_decref(element);

    return array;
}


static void
long_check(json_t *schema, json_t *value, const char *text)
{
    int             rc;
    review_error_t  err;

    memset(&err, 0, sizeof(err));

    ok(review_schema_check(schema, "", &err) == 0, "a schema: %s", err.text);

    rc = review_schema_validate(schema, value, "", &err);

    ok(text ? rc == -1 && strstr(err.text, text) : rc == 0, "%s: %s",
       text ? text : "satisfied", err.text);

    json_decref(schema);
    json_decref(value);
}


/* what would take seconds is given up; what people ask for is not */

static void
check_steps(void)
{
    size_t   i;
    json_t  *any, *schema, *value;

    static const char  *gives_up = "it takes too long to be checked";

    long_check(json_pack("{s:o}", "items", list_of("enum", 1000)),
               array_of(json_string("a"), 900), NULL);
    long_check(json_pack("{s:o}", "items", list_of("enum", 1000)),
               array_of(json_string("a"), 50000), gives_up);
    long_check(json_pack("{s:{s:s}}", "items", "type", "integer"),
               array_of(json_integer(1), 20000), NULL);
    long_check(json_pack("{s:{s:s}}", "items", "type", "integer"),
               array_of(json_integer(1), 130000), gives_up);

    /* whatever way there is of having much compared with much */

    any = array_of(json_pack("{s:i}", "maxLength", 1), 999);
    json_array_append_new(any, json_object());
    value = json_stringn("", 0);
    json_string_set(value, "一二三四五六七八九十一二三四五六七八九十");
    long_check(json_pack("{s:{s:O}}", "items", "anyOf", any),
               array_of(value, 2000), gives_up);
    json_decref(any);

    value = json_object();
    schema = list_of("required", 1000);

    for (i = 0; i < 1000; i++) {
        json_object_set_new(value, json_string_value(json_array_get(
                            json_object_get(schema, "required"), i)),
                            json_true());
    }

    long_check(json_pack("{s:o}", "items", schema), array_of(value, 250),
               gives_up);

    long_check(json_pack("{s:{s:o}}", "items", "enum",
                         array_of(array_of(json_integer(1), 4), 900)),
               array_of(array_of(json_integer(1), 4), 5000), NULL);
    long_check(json_pack("{s:{s:[[i]o]}}", "items", "enum", 2,
                         array_of(json_integer(1), 4000)),
               array_of(array_of(json_integer(1), 4000), 1000), gives_up);

    /* given up within anyOf, it is given up */

    long_check(json_pack("{s:[{s:o}{}]}", "anyOf", "items",
                         list_of("enum", 1000)),
               array_of(json_string("a"), 50000), gives_up);
}


static void
check_write(void)
{
    size_t          i, j;
    char            quoted[1024];
    json_t         *schema;
    review_buf_t    b;
    review_pool_t  *pool;
    review_error_t  err;

    static const char *const  written[][2] = {
        { "{}", "{}" },
        { "{'title':'t','description':'d','default':0,'examples':[1],"
          "'format':'f','$schema':'s','$id':'i','$comment':'c',"
          "'type':'string'}", "{'description':'d','type':'string'}" },
        { "{'format':'date'}", "{}" },
        { "{'description':7,'type':'null'}", "{'type':'null'}" },
        { "{'properties':{'format':{'format':'date','type':'string'},"
          "'title':{},'a':{'$comment':'x'},'properties':{'examples':[]}},"
          "'required':['format','title']}",
          "{'properties':{'format':{'type':'string'},'title':{},'a':{},"
          "'properties':{}},'required':['format','title']}" },
        { "{'items':{'anyOf':[{'title':'t','items':{'format':'f'}},"
          "{'additionalProperties':{'default':1,'minLength':2}},"
          "{'additionalProperties':false}]}}",
          "{'items':{'anyOf':[{'items':{}},"
          "{'additionalProperties':{'minLength':2}},"
          "{'additionalProperties':false}]}}" },
        { "{'const':{'format':'f','properties':{'title':1}},"
          "'enum':[{'title':'t'},['examples']]}",
          "{'const':{'format':'f','properties':{'title':1}},"
          "'enum':[{'title':'t'},['examples']]}" },
        { "{'properties':{'\\u0022日':{'title':'t','maximum':1.5}}}",
          "{'properties':{'\\\"日':{'maximum':1.5}}}" },
    };

    for (i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
        schema = load(written[i][0]);
        memset(&err, 0, sizeof(err));

        ok(review_schema_check(schema, "", &err) == 0,
           "%s is a schema", written[i][0]);

        pool = tap_pool();
        review_buf_init(&b, pool, 0);
        review_schema_write(&b, "s", schema);

        snprintf(quoted, sizeof(quoted), "\"s\":%s", written[i][1]);

        for (j = 0; quoted[j]; j++) {
            quoted[j] = quoted[j] == '\'' ? '"' : quoted[j];
        }

        tap_is_str(b.data, b.len, quoted, __FILE__, __LINE__, "as a server "
                   "is told it");
        tap_pool_free(pool);
        json_decref(schema);
    }
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check(&cases[i]);
    }

    check_depth();
    check_pointer();
    check_size();
    check_steps();
    check_write();

    return tap_end();
}

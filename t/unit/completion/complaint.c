
/*
 * What servers say of a call that they refuse, in messages that were seen of
 * them: the member that they do not take is found, with the setting that helps,
 * and so is a prompt that is over the model's context.  Words that only happen
 * to stand in an error name nothing.
 */

#include "tap.h"
#include "review/base/excerpt.h"
#include "review/completion/completion_error.h"
#include "review/completion/complaint.h"


#define LLM    "review_llm"
#define PARAM  "review_llm_param"


/* single quotes stand for double ones, and ^ for single ones */

static const struct {
    const char  *name;
    const char  *body;
    const char  *member;          /* NULL: none */
    const char  *advice;
    int          context;
} tests[] = {

    /* stream_options */

    { "Azure", "{'error':{'message':'Unrecognized request argument supplied: "
      "stream_options. Please contact us through an Azure support request at: "
      "https://go.example/fwlink/?linkid=2213926 for further questions.',"
      "'type':'invalid_request_error','param':'','code':null}}",
      "stream_options", "stream_options off", 0 },
    { "Azure, another", "{'error':{'message':'Unknown parameter: "
      "^stream_options^.','type':'invalid_request_error','param':"
      "'stream_options','code':'unknown_parameter'}}",
      "stream_options", "stream_options off", 0 },
    { "Mistral", "{'object':'error','message':{'detail':[{'type':"
      "'extra_forbidden','loc':['body','stream_options'],'msg':'Extra inputs "
      "are not permitted','input':{'include_usage':true}}]},'type':"
      "'invalid_request_error','param':null,'code':null}",
      "stream_options", "stream_options off", 0 },
    { "vLLM", "{'object':'error','message':'[{^type^: ^extra_forbidden^, "
      "^loc^: (^body^, ^stream_options^), ^msg^: ^Extra inputs are not "
      "permitted^, ^input^: {^include_usage^: True}}]','type':"
      "'BadRequestError','param':null,'code':400}",
      "stream_options", "stream_options off", 0 },
    { "Databricks", "{'error_code':'BAD_REQUEST','message':'Bad request: json: "
      "unknown field \\'stream_options\\'\\n'}",
      "stream_options", "stream_options off", 0 },
    { "Azure AI", "{'error':{'code':'Bad Request','message':'{\\'detail\\':"
      "\\'Validation error at #/stream_options: Extra inputs are not "
      "permitted\\'}'}}", "stream_options", "stream_options off", 0 },
    { "Fireworks", "{'error':{'object':'error','type':'invalid_request_error',"
      "'message':'Extra inputs are not permitted, field: ^stream_options^'}}",
      "stream_options", "stream_options off", 0 },
    { "without a stream", "{'error':{'message':'The ^stream_options^ parameter "
      "is only allowed when ^stream^ is enabled.','type':"
      "'invalid_request_error','param':'stream_options','code':null}}",
      "stream_options", "stream_options off", 0 },

    /* response_format */

    { "DeepSeek", "{'error':{'message':'This response_format type is "
      "unavailable now','type':'invalid_request_error','param':null,'code':"
      "'invalid_request_error'}}", "response_format", "schema=object", 0 },
    { "DeepSeek's 422", "{'error':{'message':'Failed to deserialize the JSON "
      "body into the target type: response_format: response_format.type "
      "`json_schema` is unavailable now at line 1 column 12440','type':"
      "'invalid_request_error'}}", "response_format", "schema=object", 0 },
    { "OpenAI", "{'error':{'message':'Invalid schema for response_format "
      "^finding^: In context=(^properties^, ^data^), ^format^ is not "
      "permitted.','type':'invalid_request_error','param':'response_format',"
      "'code':null}}", "response_format", "schema=object", 0 },
    { "vLLM's xgrammar", "{'object':'error','message':'The provided JSON "
      "schema contains features not supported by xgrammar.','type':"
      "'BadRequestError','param':null,'code':400}",
      "response_format", "schema=object", 0 },
    { "an object without json", "{'error':{'message':'^messages^ must contain "
      "the word ^json^ in some form, to use ^response_format^ of type "
      "^json_object^.','type':'invalid_request_error','param':'messages'}}",
      "response_format", "schema=off", 0 },

    /* how much an answer may have */

    { "o-series", "{'error':{'message':'Unsupported parameter: ^max_tokens^ is "
      "not supported with this model. Use ^max_completion_tokens^ instead.',"
      "'type':'invalid_request_error','param':'max_tokens','code':"
      "'unsupported_parameter'}}", "max_tokens",
      "tokens=max_completion_tokens", 0 },
    { "Mistral, of the other", "{'object':'error','message':{'detail':[{'type':"
      "'extra_forbidden','loc':['body','max_completion_tokens'],'msg':'Extra "
      "inputs are not permitted','input':32000}]}}",
      "max_completion_tokens", "tokens=max_tokens", 0 },
    { "DashScope", "{'error':{'code':'invalid_parameter_error','message':"
      "'<400> InternalError.Algo.InvalidParameter: Range of max_tokens should "
      "be [1, 32768]','type':'invalid_request_error'}}",
      "max_tokens", "max_tokens NUMBER", 0 },
    { "DeepSeek's range", "{'error':{'message':'Invalid max_tokens value, the "
      "valid range of max_tokens is [1, 8192]','type':"
      "'invalid_request_error'}}", "max_tokens", "max_tokens NUMBER", 0 },

    /* temperature */

    { "gpt-5", "{'error':{'message':'Unsupported value: ^temperature^ does not "
      "support 0 with this model. Only the default (1) value is supported.',"
      "'type':'invalid_request_error','param':'temperature','code':"
      "'unsupported_value'}}", "temperature", "temperature off", 0 },
    { "o3", "{'error':{'message':'Unsupported parameter: ^temperature^ is not "
      "supported with this model.','type':'invalid_request_error','param':"
      "'temperature','code':'unsupported_parameter'}}",
      "temperature", "temperature off", 0 },
    { "Kimi", "{'error':{'message':'invalid temperature: only 1 is allowed for "
      "this model','type':'invalid_request_error'}}",
      "temperature", "temperature off", 0 },

    /* others */

    { "o1, of streams", "{'error':{'message':'Unsupported value: ^stream^ does "
      "not support true with this model.','type':'invalid_request_error',"
      "'param':'stream','code':'unsupported_value'}}",
      "stream", "stream=off", 0 },
    { "FastAPI, of streams", "{'detail':[{'loc':['body','stream'],'msg':"
      "'no'}]}",
      "stream", "stream=off", 0 },
    { "OpenAI, of a template's", "{'error':{'message':'Unrecognized request "
      "argument supplied: chat_template_kwargs','type':"
      "'invalid_request_error','param':null,'code':null}}",
      "chat_template_kwargs", "chat_template_kwargs off", 0 },
    { "DashScope, of thinking", "{'error':{'code':'invalid_parameter_error',"
      "'message':'parameter.enable_thinking must be set to false for "
      "non-streaming calls','type':'invalid_request_error'}}",
      "enable_thinking", "enable_thinking false", 0 },
    { "DashScope, of its budget", "{'error':{'message':'<400> InternalError."
      "Algo.InvalidParameter: The thinking_budget parameter must be a positive "
      "integer and not greater than 38912'}}",
      "thinking_budget", "thinking_budget off", 0 },
    { "Gemma", "{'object':'error','message':'System role not supported','type':"
      "'BadRequestError','param':null,'code':400}",
      "messages", "system=off", 0 },
    { "Mistral's template", "{'object':'error','message':'Conversation roles "
      "must alternate user/assistant/user/assistant/...','type':"
      "'invalid_request_error'}", "messages", "system=off", 0 },
    { "o1-mini", "{'error':{'message':'Unsupported value: ^messages[0].role^ "
      "does not support ^system^ with this model.','type':"
      "'invalid_request_error','param':'messages[0].role','code':"
      "'unsupported_value'}}", "messages", "system=off", 0 },
    { "no model", "{'error':{'message':'you must provide a model parameter',"
      "'type':'invalid_request_error','param':null,'code':null}}",
      "model", "model=NAME", 0 },

    /* the context */

    { "vLLM's", "{'object':'error','message':'This model^s maximum context "
      "length is 16384 tokens. However, you requested 19591 tokens (9591 in "
      "the messages, 10000 in the completion). Please reduce the length of the "
      "messages or completion. None','type':'BadRequestError','param':null,"
      "'code':400}", NULL, NULL, 1 },
    { "vLLM's, by max_tokens", "{'error':{'message':'^max_tokens^ or "
      "^max_completion_tokens^ is too large: 50000. This model^s maximum "
      "context length is 40960 tokens and your request has 31 input tokens',"
      "'type':'BadRequestError','param':null,'code':400}}",
      "max_tokens", "tokens=max_completion_tokens", 1 },
    { "an old vLLM's", "{'object':'error','message':'max_tokens must be at "
      "least 1, got -186.','type':'BadRequestError','param':null,'code':400}",
      "max_tokens", "max_tokens NUMBER", 1 },
    { "Xinference's", "{'detail':'[address=0.0.0.0:39463, pid=1234] The "
      "decoder prompt (length 21535) is longer than the maximum model length "
      "of 16384. Make sure that `max_model_len` is no smaller than the number "
      "of text tokens.'}", NULL, NULL, 1 },
    { "SGLang's", "{'object':'error','message':'The input (61709 tokens) is "
      "longer than the model^s context length (40960 tokens).','type':"
      "'BadRequestError','param':null,'code':400}", NULL, NULL, 1 },
    { "SGLang's, another", "{'object':'error','message':'Input length (160062 "
      "tokens) exceeds the maximum allowed length (59862 tokens). Use a "
      "shorter input or enable --allow-auto-truncate.','type':"
      "'BadRequestError','code':400}", NULL, NULL, 1 },
    { "OpenAI's", "{'error':{'message':'This model^s maximum context length is "
      "128000 tokens. However, your messages resulted in 204308 tokens. Please "
      "reduce the length of the messages.','type':'invalid_request_error',"
      "'param':'messages','code':'context_length_exceeded'}}", NULL, NULL, 1 },
    { "llama.cpp's", "{'error':{'code':400,'message':'the request exceeds the "
      "available context size. try increasing the context size or enable "
      "context shift','type':'exceed_context_size_error','n_prompt_tokens':"
      "14429,'n_ctx':8192}}", NULL, NULL, 1 },
    { "llama-cpp-python's", "{'error':{'message':'Requested tokens (2285) "
      "exceed context window of 2048','type':'invalid_request_error'}}",
      NULL, NULL, 1 },
    { "OpenRouter's", "{'error':{'message':'This endpoint^s maximum context "
      "length is 131072 tokens. However, you requested about 141607 tokens "
      "(10535 of text input, 131072 in the output). Please reduce the length "
      "of either one, or use the \\'middle-out\\' transform to compress your "
      "prompt automatically.','code':400,'metadata':{'provider_name':"
      "'Chutes'}}}", NULL, NULL, 1 },
    { "Zhipu's", "{'error':{'code':'1261','message':'Prompt exceeds max "
      "length'}}", NULL, NULL, 1 },
    { "Moonshot's", "{'error':{'message':'Invalid request: Your request "
      "exceeded model token limit: 8192','type':'invalid_request_error'}}",
      NULL, NULL, 1 },
    { "DashScope's", "{'error':{'code':'invalid_parameter_error','message':"
      "'<400> InternalError.Algo.InvalidParameter: Range of input length "
      "should be [1, 30720]'}}", NULL, NULL, 1 },
    { "Mistral's", "{'object':'error','message':'Prompt contains 36862 tokens, "
      "too large for model with 32768 maximum context length','type':"
      "'invalid_request_error','code':'3051'}", NULL, NULL, 1 },
    { "Anthropic's", "{'type':'error','error':{'type':'invalid_request_error',"
      "'message':'input length and `max_tokens` exceed context limit: 199759 + "
      "8192 > 200000, decrease input length or `max_tokens` and try again'}}",
      "max_tokens", "max_tokens NUMBER", 1 },
    { "TGI's", "{'error':'Input validation error: `inputs` tokens + "
      "`max_new_tokens` must be <= 2048. Given: 3474 `inputs` tokens and 60 "
      "`max_new_tokens`','error_type':'validation'}", NULL, NULL, 1 },
    { "a code alone", "{'error':{'code':'context_length_exceeded'}}",
      NULL, NULL, 1 },

    /* neither */

    { "the role of a message", "{'object':'error','message':{'detail':[{'type':"
      "'extra_forbidden','loc':['body','messages',0,'user','name'],'msg':"
      "'Extra inputs are not permitted','input':null}]}}", NULL, NULL, 0 },
    { "what was sent", "{'object':'error','message':'[{^type^: ^missing^, "
      "^loc^: (^body^, ^x^), ^input^: {^temperature^: 0, ^stop^: 1}}]',"
      "'code':400}", NULL, NULL, 0 },
    { "words of English", "{'error':{'message':'stop the stream: the model^s "
      "temperature is thinking of options in store'}}", NULL, NULL, 0 },
    { "parts of words", "{'error':{'message':'my_temperature_x max_tokens2'}}",
      NULL, NULL, 0 },
    { "a limit of calls", "{'error':{'message':'Rate limit reached: too many "
      "tokens per minute','code':429}}", NULL, NULL, 0 },
    { "nothing", "{'error':{'message':'Bad request'}}", NULL, NULL, 0 },
};


static void
check(size_t n)
{
    int                  found;
    char                 said[512], told[256], *p;
    json_t              *root;
    unsigned             status;
    review_buf_t         words;
    review_pool_t       *pool;
    review_complaint_t   complaint;

    snprintf(said, sizeof(said), "%s", tests[n].body);

    for (p = said; *p; p++) {
        *p = *p == '\'' ? '"' : *p == '^' ? '\'' : *p;
    }

    root = json_loads(said, 0, NULL);

    if (root == NULL) {
        printf("Bail out! not JSON: %s\n", said);
        exit(1);
    }

    pool = tap_pool();
    review_buf_init(&words, pool, 0);
    status = 0;

    ok(review_completion_error(root, 0, &words, &status) == 1, "%s: an error",
       tests[n].name);

    /* as much as is kept of it */

    review_excerpt(told, sizeof(told), words.data, words.len);

    found = review_complaint(told, &complaint);

    if (tests[n].member) {
        snprintf(said, sizeof(said), "%s off", found ? complaint.member : "");

        ok(found && strcmp(complaint.member, tests[n].member) == 0,
           "names \"%s\": %s", tests[n].member,
           found ? complaint.member : "none");
        ok(found && strcmp(complaint.advice ? complaint.advice : said,
                           tests[n].advice) == 0,
           "helped by \"%s\": %s", tests[n].advice,
           found && complaint.advice ? complaint.advice : said);
        ok(found && complaint.index < REVIEW_COMPLAINT_MEMBERS
           && strcmp(complaint.directive, strchr(tests[n].advice, '=')
                                          ? LLM : PARAM) == 0,
           "of the directive");

    } else {
        ok(!found, "names none: %s", found ? complaint.member : "");
    }

    ok(review_complaint_context(told) == tests[n].context, "%s of the context",
       tests[n].context ? "tells" : "does not tell");

    tap_pool_free(pool);
    json_decref(root);
}


/* what is told once is told once, by whatever word */

static void
check_index(void)
{
    unsigned            first;
    review_complaint_t  complaint;

    ok(review_complaint("'stream_options'", &complaint), "a name");
    first = complaint.index;
    ok(review_complaint("include_usage", &complaint)
       && complaint.index == first, "a part of it is the same");

    ok(review_complaint("'stop'", &complaint) && complaint.index != first,
       "another is another");

    ok(review_complaint("json_schema", &complaint), "one by a part");
    first = complaint.index;
    ok(review_complaint("response_format", &complaint)
       && complaint.index == first, "by its name");

    ok(review_complaint("", &complaint) == 0
       && review_complaint_context("") == 0, "nothing at all");
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        check(i);
    }

    check_index();

    return tap_end();
}

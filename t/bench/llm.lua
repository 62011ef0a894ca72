-- What the stand-in LLM answers: the verdicts of answers.json in turn, made
-- into replies once, when nginx starts.

local cjson = require "cjson"

llm = {}

local turn = 0
local replies = {}
local texts = {}
local events = {}


local function read(name)
    local f = assert(io.open("@BENCH@/" .. name))
    local text = f:read("*a")
    f:close()
    return text
end


local function quoted(text)
    return (cjson.encode(text):gsub("\\/", "/"))
end


local function reply(text)
    return '{"id":"chatcmpl-0a1b2c3d4e5f6071","object":"chat.completion",'
        .. '"created":1760000000,"model":"stand-in","choices":[{"index":0,'
        .. '"message":{"role":"assistant","content":' .. quoted(text)
        .. '},"logprobs":null,"finish_reason":"stop"}],"usage":'
        .. '{"prompt_tokens":1642,"total_tokens":1842,'
        .. '"completion_tokens":200}}'
end


local function event(delta, finish)
    return 'data: {"id":"chatcmpl-0a1b2c3d4e5f6071",'
        .. '"object":"chat.completion.chunk","created":1760000000,'
        .. '"model":"stand-in","choices":[{"index":0,"delta":' .. delta
        .. ',"logprobs":null,"finish_reason":' .. finish .. '}]}\n\n'
end


-- the events of an answer in so many tokens

local function tokens(text, n)
    local chars, list = {}, {}
    for char in text:gmatch("[%z\1-\127\194-\244][\128-\191]*") do
        chars[#chars + 1] = char
    end
    local from = 0
    for i = 1, n do
        local to = math.floor(#chars * i / n)
        local token = table.concat(chars, "", from + 1, to)
        list[i] = event('{"content":' .. quoted(token) .. '}', "null")
        from = to
    end
    list[n] = list[n] .. event("{}", '"stop"') .. "data: [DONE]\n\n"
    return list
end


for i, text in ipairs(cjson.decode(read("answers.json"))) do
    texts[i] = text
    replies[i] = reply(text)
end


local function next_turn()
    turn = turn % #texts + 1
    return turn
end


local function send()
    local body = replies[next_turn()]
    ngx.header.content_type = "application/json"
    ngx.header.content_length = #body
    ngx.print(body)
end


function llm.answer(delay)
    ngx.req.read_body()
    ngx.sleep(delay / 1000)
    send()
end


function llm.stream(n, delay)
    ngx.req.read_body()
    local turn = next_turn()
    local key = n .. "/" .. turn
    local list = events[key]
    if not list then
        list = tokens(texts[turn], n)
        events[key] = list
    end
    ngx.header.content_type = "text/event-stream; charset=utf-8"
    for i = 1, n do
        ngx.sleep(delay / 1000)
        ngx.print(list[i])
        ngx.flush()
    end
end


-- An LLM that can be overloaded.  Up to "capacity" calls at a time take as long
-- as one alone; with n of them, all get on slower by (n / capacity)^2, so that
-- the more there are, the fewer are done in a second.  "progress" is what a
-- call that was always there would have had done of its work by now: a call
-- ends when that has grown by its own work, whatever came and went meanwhile.

local WORK = 0.5            -- seconds of a call alone
local NOISE = 0.2           -- more or less, by that part
local LOOK = 0.05           -- a call looks so often how far it is

local capacity, in_flight, most = 32, 0, 0
local progress, since = 0, 0

math.randomseed(1)


local function pace()
    local load = in_flight / capacity
    return load > 1 and 1 / (load * load) or 1
end


-- to be done before anything changes the pace

local function get_on()
    ngx.update_time()
    local now = ngx.now()
    progress = progress + (now - since) * pace()
    since = now
end


local function enter()
    get_on()
    in_flight = in_flight + 1
    most = math.max(most, in_flight)
end


local function leave()
    get_on()
    in_flight = in_flight - 1
end


function llm.share()
    enter()
    local here = true
    local function gone()
        if here then
            here = false
            leave()
        end
    end
    assert(ngx.on_abort(function() gone() ngx.exit(499) end))
    local goal = progress + WORK * (1 + NOISE * (2 * math.random() - 1))
    while progress < goal do
        ngx.sleep(math.min((goal - progress) / pace() + 0.001, LOOK))
        get_on()
    end
    gone()
    send()
end


function llm.shared(wanted)
    get_on()
    capacity = tonumber(wanted) or capacity
    ngx.header.content_type = "application/json"
    ngx.print(cjson.encode({ capacity = capacity, in_flight = in_flight,
                             most = most }))
end


-- Embeddings: an answer for each number of inputs and each form is made once,
-- the vectors of the first, second, ... input are always the same.

local ffi = require "ffi"

local DIM = 1024
local vectors = {}
local answers = {}


local function vector(i, form)
    local list, floats = {}, ffi.new("float[?]", DIM)
    math.randomseed(i)
    for k = 1, DIM do
        floats[k - 1] = (math.random() - 0.5) / 10
        list[k] = string.format("%.9g", floats[k - 1])
    end
    if form == "base64" then
        return '"' .. ngx.encode_base64(ffi.string(floats, 4 * DIM)) .. '"'
    end
    return "[" .. table.concat(list, ",") .. "]"
end


local function embedding(i, form)
    local key = form .. i
    vectors[key] = vectors[key]
        or '{"object":"embedding","index":' .. i - 1 .. ',"embedding":'
            .. vector(i, form) .. '}'
    return vectors[key]
end


local function embeddings(n, form)
    local list = {}
    for i = 1, n do
        list[i] = embedding(i, form)
    end
    return '{"object":"list","data":[' .. table.concat(list, ",")
        .. '],"model":"stand-in","usage":{"prompt_tokens":' .. 200 * n
        .. ',"total_tokens":' .. 200 * n .. '}}'
end


function llm.embed()
    ngx.req.read_body()
    local asked = cjson.decode(ngx.req.get_body_data())
    local n, form = #asked.input, asked.encoding_format or "float"
    local key = form .. n
    answers[key] = answers[key] or embeddings(n, form)
    ngx.header.content_type = "application/json"
    ngx.header.content_length = #answers[key]
    ngx.print(answers[key])
end

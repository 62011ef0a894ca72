
#include "review/rubric/suspect_words.h"

#include <stddef.h>


const review_suspect_words_t  review_suspect_words[] = {

    /* what was asked is to be forgotten */

    { { "忽略 无视 忘记 忘掉 抛开 不要理会 不必理会 无需理会 不用理会 不要遵守 "
        "不要遵循 不再遵守 不再遵循 无需遵守 无需遵循 不要执行 停止执行",
        "以上 上述 上面 之前 前面 此前 先前 前述 原有 原来 所有 一切 全部 任何 "
        "系统 你的 您的 审核 评审",
        "要求 指令 指示 提示 命令 规则 约定 任务 设定 限制 内容" },
      6, 1, 0 },

    { { "ignore disregard forget donotfollow don'tfollow stopfollowing",
        "above previous prior earlier preceding foregoing all any your system "
        "the every",
        "instruction prompt rule requirement direction guideline order command "
        "criteria task" },
      24, 1, 1 },

    { { "ignoretheabove ignoreallabove ignoreeverythingabove ignoreallprevious "
        "disregardtheabove disregardallabove disregardeverythingabove "
        "disregardallprevious forgeteverything forgettheabove" },
      0, 1, 0 },

    /* a verdict is demanded */

    { { "回答 回复 答复 输出 返回 直接给出 务必给出 必须给出", "pass" }, 8, 0, 0 },

    { { "审核员 审核者 审核人 审核专家 审核模型 审核系统 审核助手 审核程序 "
        "评审模型 评审系统 评标系统",
        "请 必须 务必 直接 一律 只需 只能 应当",
        "回答 回复 输出 返回 判定 判为 认定 给出 通过 忽略" },
      10, 0, 0 },

    { { "不要 无需 不必 请勿 不用 停止", "审核 审查 评审",
        "本段 以下 这段 此段 该段 本章 这一段 这份" },
      2, 0, 0 },

    { { "answer respond reply", "pass 'pass' \"pass\"" }, 10, 0, 0 },

    { { "mark rate judge treat classify report",
        "this everything allpoints everypoint it",
        "aspass aspassed ascompliant as\"pass\" as'pass'" },
      24, 0, 0 },

    /* the reviewer is told who it is */

    { { "你现在是 你现在的身份 从现在起你 从现在开始你 现在开始你 你的新任务 "
        "你的新身份 以下是新的指令 以下是新指令 新的系统指令 新的系统提示 "
        "致审核模型 致审核ai 致审核员 致ai 给ai的指令 给模型的指令" },
      0, 0, 0 },

    { { "youarenowa youarenowan youarenowthe fromnowonyou fromnowon,you "
        "yournewtask yournewrole newinstructions: newinstruction: "
        "systemprompt: attentionreviewer notetothereviewer notetothemodel "
        "asanaimodel asanaireviewer dearaireviewer" },
      0, 0, 1 },

    /* our answer, forged */

    { { "verdict", ": =",
        "pass risk fail unsure notapplicable not-applicable" }, 3, 0, 0 },

    /* our marks, forged */

    { { "<review-text </review-text" }, 0, 0, 1 },

    /* control tokens of chat templates */

    { { "<|", "|>" }, 40, 0, 0 },

    { { "◁", "▷" }, 24, 0, 0 },

    { { "<start-of-turn> <end-of-turn> <start-of-image> <bos> <eos> <s> </s> "
        "<pad> <unk> <mask> <eod> <eot> <sop> <eop> <bos-token> <eos-token> "
        "<im-start> <im-end> <think> </think> <thinking> </thinking> "
        "<reasoning> </reasoning> <tool-call> </tool-call> <tool-response> "
        "</tool-response> <-user> <-bot> <-end> <-system> <seed:" },
      0, 0, 1 },

    { { "<<sys>> <</sys>> [inst] [/inst] [system-prompt] [/system-prompt] "
        "[available-tools] [tool-calls] [tool-results] [gmask] [smask] [bos] "
        "[eos] [|user|] [|system|] [|assistant|] [e~[ ]~b] ]~!b[" },
      0, 0, 1 },

    { { NULL }, 0, 0, 0 }
};

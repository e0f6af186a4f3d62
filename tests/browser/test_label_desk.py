"""The labeller's front end without its screen: the way to Python, and what a decision leads to."""

from __future__ import annotations

import random

import pytest

from xeroml_nb.annotation.dimension import Dimension
from xeroml_nb.annotation.fold import Fold
from xeroml_nb.annotation.rubric import Rubric
from xeroml_nb.records.label import EntryKey

from .label_page import EVERY_KIND, FAIL, PASS, PASS_FAIL, TWO, event_of

pytestmark = pytest.mark.browser


# The way to Python.


def test_a_decision_is_pending_until_it_is_settled(page):
    found = page.evaluate("""() => {
        const { link, sent, hand } = makeLink();
        hand({ pos: 3, value: "a" });
        hand({ pos: 4, value: "b" });
        const before = [link.pending.size, link.has(3), link.has(4), link.has(5)];
        const known = [link.settle(1), link.settle(1), link.settle(9)];
        return { before, known, after: [link.pending.size, link.has(3), link.has(4)], sent };
    }""")
    assert found["before"] == [2, True, True, False]
    assert found["known"] == [True, False, False]
    assert found["after"] == [1, False, True]
    kept = [
        {k: one[k] for k in ("kind", "session", "seq", "pos", "oldest")} for one in found["sent"]
    ]
    base = {"kind": "decide", "session": "s", "oldest": 1}
    assert kept == [base | {"seq": 1, "pos": 3}, base | {"seq": 2, "pos": 4}]


def test_decisions_are_sent_again_in_their_order_from_the_one_expected(page):
    found = page.evaluate("""() => {
        const { link, sent, hand } = makeLink();
        for (let n = 0; n < 5; n++) hand({ pos: n });
        link.settle(1);
        sent.length = 0;
        link.resend(3);
        const some = sent.splice(0).map((s) => [s.seq, s.oldest]);
        link.resend();
        return [some, sent.map((s) => [s.seq, s.oldest])];
    }""")
    assert found == [[[3, 2], [4, 2], [5, 2]], [[2, 2], [3, 2], [4, 2], [5, 2]]]


def test_a_send_that_throws_keeps_everything(page):
    found = page.evaluate("""() => {
        let broken = true;
        const sent = [];
        const send = (message) => {
            if (broken) throw new Error("closed");
            sent.push(message.seq);
        };
        const { link, hand } = makeLink({ send });
        for (let n = 0; n < 3; n++) hand({ pos: n });
        const kept = JSON.parse(localStorage.getItem("p:s")).kept.map((k) => k.seq);
        const before = [link.gone, [...link.pending.keys()], kept];
        broken = false;
        link.resend();
        link.settle(1);
        return [before, sent, link.gone];
    }""")
    assert found == [[True, [1, 2, 3], [1, 2, 3]], [1, 2, 3], False]


def test_what_is_pending_is_in_the_storage_and_leaves_it_when_settled(page):
    found = page.evaluate("""() => {
        const { link, hand } = makeLink();
        hand({ pos: 0, value: "ü" });
        hand({ pos: 1 });
        const two = JSON.parse(localStorage.getItem("p:s"));
        link.settle(1);
        const one = JSON.parse(localStorage.getItem("p:s"));
        link.settle(2);
        return [two, one.kept.map((k) => k.seq), localStorage.length];
    }""")
    two, one, left = found
    assert [(k["seq"], k["pos"], k.get("value")) for k in two["kept"]] == [
        (1, 0, "ü"),
        (2, 1, None),
    ]
    assert (one, left) == ([2], 0)


def test_what_an_earlier_page_left_is_found_and_forgotten(page):
    found = page.evaluate("""() => {
        makeLink({ session: "old" }).hand({ pos: 7 });
        makeLink({ session: "old2" }).hand({ pos: 8 });
        makeLink({ session: "x", prefix: "other:" }).hand({ pos: 9 });
        const { link, hand } = makeLink();
        hand({ pos: 0 });
        const young = link.leftBehind().length;
        time.now += 2001;
        const left = link.leftBehind();
        for (const { name } of left) link.forget(name);
        const said = left.map(({ name, kept }) => [name, kept.map((k) => k.pos)]).sort();
        return [young, said, Object.keys(localStorage).sort()];
    }""")
    assert found == [0, [["p:old", [7]], ["p:old2", [8]]], ["other:x", "p:s"]]


def test_what_somebody_left_whose_name_begins_alike_is_not_taken(page):
    """Names may hold colons: "ann" is not "ann:b", whoever shares the browser."""
    found = page.evaluate("""() => {
        const setup = { dimensions: [], commands: [], title: "", who: "", counts: {}, queue: "q" };
        const desks = ["ann:b", "ann"].map((annotator) => {
            const model = makeModel({ ...setup, annotator, id: annotator });
            show(model);
            return model;
        });
        const name = "xn-label:q:ann:b:111-222";
        const kept = [{ kind: "decide", session: "111-222", seq: 1, pos: 0, action: "flag" }];
        localStorage.setItem(name, JSON.stringify({ at: Date.now() - 60_000, kept }));
        const state = { kind: "state", entries: [], total: 0, counts: {}, at: null, latest: [] };
        return desks.map((model) => {
            model.sent.length = 0;
            model.tell("msg:custom", state);
            return model.sent.filter((s) => s.kind === "decide").length;
        });
    }""")
    assert found == [1, 0]


def test_what_is_not_json_in_the_storage_hides_nothing(page):
    found = page.evaluate("""() => {
        localStorage.setItem("p:bad", "{");
        localStorage.setItem("p:null", "null");
        makeLink({ session: "old" }).hand({ pos: 7 });
        time.now += 2001;
        return makeLink().link.leftBehind().map(({ name }) => name);
    }""")
    assert found == ["p:old"]


def test_five_hundred_may_wait_and_no_more(page):
    found = page.evaluate("""() => {
        const { link, hand } = makeLink();
        for (let n = 0; n < 499; n++) hand({ pos: n });
        const before = link.isFull;
        hand({ pos: 499 });
        const full = link.isFull;
        link.settle(1);
        return [before, full, link.isFull];
    }""")
    assert found == [False, True, False]


def test_without_a_storage_decisions_are_sent_all_the_same(page):
    found = page.evaluate("""() => {
        const fail = () => { throw new DOMException("no", "QuotaExceededError"); };
        const { link, sent, hand } = makeLink({ storage: { setItem: fail, removeItem: fail } });
        hand({ pos: 0 });
        link.settle(1);
        return [sent.length, link.pending.size, link.leftBehind()];
    }""")
    assert found == [1, 0, []]


def test_a_decision_is_late_after_two_seconds(page):
    found = page.evaluate("""() => {
        const { link, hand } = makeLink();
        const told = [link.late];
        hand({ pos: 0 });
        for (const step of [2000, 1]) {
            time.now += step;
            told.push(link.late);
        }
        link.settle(1);
        return [...told, link.late];
    }""")
    assert found == [0, 0, 2001, 0]


# The desk.


def test_an_answer_goes_on_to_the_next_item(desk):
    seen = desk.stand(PASS_FAIL).do(PASS).now
    assert (seen["position"], seen["answers"]) == (1, [{"verdict": "pass"}, {}, {}])
    assert (seen["actions"], seen["echo"]) == ([["set", 0, "pass"]], "i0: pass")


def test_a_decision_tells_what_was_on_the_screen_and_for_how_long(desk):
    desk.stand(PASS_FAIL).do("time.now += 3500", PASS, "time.now += 200_000", FAIL)
    first, second = desk.value("sent")
    start = first["presented"]
    told = {"title": "i0", "decided": start + 3500, "active": 3.5, "dimension": "verdict"}
    assert first.items() >= told.items()
    assert (second["title"], second["seq"], second["active"]) == ("i1", 2, 0)
    assert second["presented"] == start + 3500
    assert (second["have"], second["at"], second["oldest"]) == (3, 2, 1)


def test_answered_items_are_passed_over(desk):
    done = {"answers": {"verdict": "pass"}}
    desk.stand(PASS_FAIL, 5, labels={1: done, 2: {"skipped": True}})
    assert desk.do(PASS).position == 3


def test_every_question_is_asked_before_the_next_item(desk):
    desk.stand(TWO)
    assert (desk.now["focus"], desk.do(PASS).now["focus"], desk.position) == ("verdict", "tone", 0)
    seen = desk.do("choose('tone', 4)").now
    assert (seen["position"], seen["focus"]) == (1, "verdict")
    assert seen["answers"][0] == {"verdict": "pass", "tone": 4}


def test_an_answer_out_of_turn_leads_back_to_what_is_open(desk):
    seen = desk.stand(TWO).do("choose('tone', 4)").now
    assert (seen["position"], seen["focus"]) == (0, "verdict")
    assert desk.do(PASS).position == 1


def test_an_optional_choice_is_asked_but_not_insisted_on(desk):
    desk.stand(EVERY_KIND).do(PASS, "choose('safe', true)", "choose('cost', 1)")
    assert (desk.now["position"], desk.now["focus"]) == (0, "topic")
    assert desk.value("desk.isDone(desk.label)") is True
    assert desk.do("choose('topic', 'tax')").position == 1


def test_an_optional_text_is_not_asked_for(desk):
    rubric = Rubric(
        [Dimension("verdict", options=["pass"]), Dimension("why", "text", required=False)]
    )
    assert desk.stand(rubric).do(PASS).position == 1


def test_where_nothing_is_required_any_answer_will_do(desk):
    rubric = Rubric([Dimension("topic", options=["tax"], required=False)])
    desk.stand(rubric)
    assert desk.value("desk.isOpen(desk.label)") is True
    assert desk.do("choose('topic', 'tax')").position == 1


def test_a_question_may_have_any_name(desk):
    names = ["constructor", "toString"]
    desk.stand(Rubric([Dimension(name, options=["yes", "no"]) for name in names]))
    assert desk.value("desk.isOpen(desk.label)") is True
    desk.do(*[f"choose('{name}', 'yes')" for name in names])
    assert (desk.position, desk.value("Object.keys(desk.entries.get(0).label.answers)")) == (
        1,
        names,
    )


def test_no_answer_goes_on_by_itself_once_that_is_switched_off(desk):
    seen = desk.stand(PASS_FAIL).do("desk.auto = false", PASS).now
    assert (seen["position"], seen["label"]["answers"]) == (0, {"verdict": "pass"})


def test_skipping_leaves_an_item_undecided_and_goes_on(desk):
    seen = desk.stand(PASS_FAIL).do("desk.skip()").now
    assert (seen["position"], seen["actions"]) == (1, [["skip", 0, None]])
    desk.do("desk.go(0)")
    assert desk.now["label"]["skipped"] is True
    assert desk.do(PASS, "desk.go(0)").now["label"]["skipped"] is False


def test_a_flag_is_put_up_and_taken_down_where_one_is(desk):
    desk.stand(PASS_FAIL).do("desk.flag()")
    assert (desk.position, desk.now["label"]["flagged"], desk.now["echo"]) == (0, True, "flagged")
    desk.do("desk.flag()")
    assert (desk.now["label"]["flagged"], desk.now["echo"]) == (False, "flag removed")
    assert [action for action, *_ in desk.now["actions"]] == ["flag", "unflag"]


def test_undo_goes_back_to_the_item_at_once(desk):
    seen = desk.stand(PASS_FAIL).do(PASS, FAIL, "desk.takeBack()").now
    assert (seen["position"], seen["answers"]) == (1, [{"verdict": "pass"}, {}, {}])
    # Undo is on the log what was on the screen; Python knows what it takes back.
    assert seen["actions"][-1] == ["undo", 2, None]
    assert desk.do("desk.takeBack()").now["answers"] == [{}, {}, {}]
    assert (desk.position, desk.now["echo"]) == (0, "undone: i0")


def test_redo_does_again_what_was_undone(desk):
    desk.stand(PASS_FAIL).do(PASS, FAIL, "desk.takeBack()", "desk.takeBack()", "desk.doAgain()")
    assert (desk.position, desk.now["answers"]) == (0, [{"verdict": "pass"}, {}, {}])
    assert desk.do("desk.doAgain()").now["answers"][1] == {"verdict": "fail"}


def test_a_new_decision_forgets_what_was_undone(desk):
    desk.stand(PASS_FAIL).do(PASS, "desk.takeBack()", FAIL, "desk.go(0)", "desk.doAgain()")
    assert desk.now["answers"][0] == {"verdict": "fail"}


def test_one_dimension_is_undone_at_a_time(desk):
    desk.stand(TWO).do(PASS, "choose('tone', 2)", "desk.takeBack()")
    seen = desk.now
    assert (seen["position"], seen["focus"], seen["label"]["answers"]) == (
        0,
        "tone",
        {"verdict": "pass"},
    )


def test_undo_of_what_the_page_does_not_know_waits_for_python(desk):
    done = {"answers": {"verdict": "pass"}}
    desk.stand(PASS_FAIL, at=1, labels={0: done}).do("desk.takeBack()")
    assert (desk.position, desk.now["answers"][0]) == (1, {"verdict": "pass"})
    desk.do("ack(1, 0)")
    assert (desk.position, desk.now["answers"][0], desk.now["pending"]) == (0, {}, [])


def test_undo_of_nothing_says_so(desk):
    desk.stand(PASS_FAIL).do("desk.takeBack()", "ack(1, null)")
    assert (desk.position, desk.now["echo"]) == (0, "nothing to undo or redo")


def test_redo_after_an_undo_of_what_the_page_does_not_know_waits_too(desk):
    """Python does again what was undone last, which is not what the page knows of."""
    done = {"answers": {"verdict": "fail"}}
    desk.stand(PASS_FAIL, at=1, labels={0: done})
    desk.do(PASS, "ack(1, 1, {answers: {verdict: 'pass'}})")
    desk.do("desk.takeBack()", "ack(2, 1)", "desk.takeBack()", "ack(3, 0)")
    desk.do("desk.doAgain()", "ack(4, 0, {answers: {verdict: 'fail'}})")
    assert desk.now["answers"] == [{"verdict": "fail"}, {}, {}]


def test_an_undo_that_python_made_elsewhere_is_put_right(desk):
    """Somebody decided under the same name in another notebook: the latest is undone."""
    desk.stand(PASS_FAIL).do(PASS, "ack(1, 0, {answers: {verdict: 'pass'}})", "desk.takeBack()")
    desk.do("ack(2, 2)")
    asked = [one for one in desk.now["asked"] if one["kind"] == "more" and one["from"] == 0]
    assert desk.now["answers"][0] == {"verdict": "pass"} or asked


def test_a_receipt_that_comes_after_an_undo_does_not_bring_the_answer_back(desk):
    desk.stand(PASS_FAIL).do(PASS, "desk.takeBack()")
    desk.do("ack(1, 0, {answers: {verdict: 'pass'}})")
    assert desk.now["answers"][0] == {}
    desk.do("ack(2, 0)")
    assert desk.now["answers"][0] == {}


def test_a_receipt_settles_and_tells_what_is_stored(desk):
    desk.stand(PASS_FAIL).do(PASS, "ack(1, 0, {answers: {verdict: 'pass'}, comment: 'kept'})")
    assert (desk.now["pending"], desk.value("desk.entries.get(0).label.comment")) == ([], "kept")
    assert desk.value("desk.savedAt") == desk.value("time.now")


def test_a_receipt_does_not_touch_an_item_with_later_decisions(desk):
    desk.stand(PASS_FAIL).do("desk.flag()", PASS, "ack(1, 0, {flagged: true})")
    assert desk.now["answers"][0] == {"verdict": "pass"}
    assert desk.now["pending"] == [2]


def test_what_comes_with_a_receipt_is_loaded(desk):
    desk.stand(PASS_FAIL, 4, loaded=2).do(PASS)
    counts = "counts: {done: 1, saved: 1, text: 'pass 1'}"
    more = f"{{entries: [makeEntry(2)], total: 9, {counts}}}"
    desk.do(f"ack(1, 0, {{answers: {{verdict: 'pass'}}}}, {more})")
    assert desk.value("[desk.loaded, desk.total, desk.counts.text]") == [3, 9, "pass 1"]


REFUSED = (
    "desk.receive({kind: 'refused', session: 's', seq: 1, text: 'no', pos: 0, label: makeLabel()})"
)


def test_a_refused_decision_is_taken_off_the_screen_and_told(desk):
    seen = desk.stand(PASS_FAIL).do(PASS, REFUSED).now
    assert (seen["answers"][0], seen["pending"], seen["trouble"]) == ({}, [], "no")


def test_a_refused_decision_is_nothing_to_undo(desk):
    """Python knows nothing of it: undo takes back what came before."""
    desk.stand(PASS_FAIL, 4).do(PASS, FAIL)
    refused = REFUSED.replace("seq: 1", "seq: 2").replace("pos: 0", "pos: 1")
    desk.do(refused, "ack(1, 0, {answers: {verdict: 'pass'}})", "desk.takeBack()", "ack(3, 0)")
    assert desk.now["answers"] == [{}, {}, {}, {}]
    assert desk.position == 0


def test_what_has_not_arrived_is_sent_again(desk):
    desk.stand(PASS_FAIL, 5).do(PASS, FAIL, PASS, "sent.length = 0")
    desk.do("desk.receive({kind: 'again', session: 's', expected: 2})")
    assert desk.now["actions"] == [["set", 1, "fail"], ["set", 2, "pass"]]


def test_what_cannot_be_stored_is_kept_and_tried_again_when_asked(desk):
    desk.stand(PASS_FAIL).do(PASS, "desk.receive({kind: 'stuck', text: 'disk full.'})")
    assert (desk.value("link.stuck"), desk.now["pending"]) == ("disk full.", [1])
    desk.do("sent.length = 0", "desk.retry()")
    assert (desk.now["actions"], desk.value("link.stuck")) == ([["set", 0, "pass"]], "")
    desk.do("desk.receive({kind: 'stuck', text: 'disk full.'})", "ack(1, 0)")
    assert desk.value("link.stuck") == ""


def test_one_goes_only_to_items_there_are(desk):
    desk.stand(PASS_FAIL)
    found = [desk.do(f"desk.go({place})").position for place in (2, 99, -5, 1)]
    assert found == [2, 2, 0, 1]


def test_python_leads_to_what_was_passed_over(desk):
    desk.stand(PASS_FAIL, 3, at=2).do(PASS)
    assert [one["kind"] for one in desk.now["asked"]] == ["finish"]
    desk.do("desk.receive({kind: 'goto', entries: makeEntries(0, 3), total: 3, at: 0})")
    assert desk.position == 0


def test_an_item_that_is_not_there_yet_cannot_be_decided(desk):
    desk.stand(PASS_FAIL, 50, loaded=2).do("desk.go(30)")
    desk.do(PASS, "desk.skip()", "desk.flag()", "desk.takeBack()", "desk.doAgain()")
    seen = desk.now
    assert (seen["position"], seen["actions"], seen["pending"]) == (30, [], [])
    assert (seen["asked"][0]["kind"], seen["asked"][0]["from"]) == ("more", 30)
    desk.do("desk.receive({kind: 'items', entries: makeEntries(30, 20), total: 50})")
    seen = desk.do(PASS).now
    assert (seen["position"], seen["actions"]) == (31, [["set", 30, "pass"]])


def test_an_item_that_arrives_decided_is_passed_over_when_one_goes_on(desk):
    desk.stand(PASS_FAIL, 50, loaded=2).do(PASS, PASS)
    assert desk.position == 2
    decided = "makeEntries(2, 20, {2: {answers: {verdict: 'fail'}}})"
    desk.do(f"desk.receive({{kind: 'items', entries: {decided}, total: 50}})")
    assert desk.position == 3


def test_an_item_that_never_arrives_is_not_asked_for_without_end(desk):
    desk.stand(PASS_FAIL, 50, loaded=2).do(PASS, PASS)
    for _ in range(10):
        desk.do("desk.receive({kind: 'items', entries: makeEntries(3, 5), total: 50})")
    assert len(desk.now["asked"]) <= 3


def test_two_rapid_presses_are_decisions_on_two_items(desk):
    drawn = desk.stand(PASS_FAIL).value(f"""async () => {{
        const drawn = [];
        desk.views.add((d) => drawn.push(d.position));
        {PASS};
        {PASS};
        await later();
        return drawn;
    }}""")
    # The second item was on the screen before its answer was.
    assert drawn == [1, 2]
    assert desk.now["actions"] == [["set", 0, "pass"], ["set", 1, "pass"]]


def test_at_the_end_python_is_asked_what_is_left(desk):
    desk.stand(PASS_FAIL, 2).do(PASS, FAIL)
    assert (desk.position, [one["kind"] for one in desk.now["asked"]]) == (1, ["finish"])


def test_items_that_join_are_gone_on_to_from_the_end(desk):
    desk.stand(PASS_FAIL, 2).do(PASS, FAIL)
    desk.do(
        "desk.receive({kind: 'sheet', name: 'finish', nodes: []})",
        "ack(1, 0, {answers: {verdict: 'pass'}})",
    )
    desk.do(
        "ack(2, 1, {answers: {verdict: 'fail'}})",
        "desk.receive({kind: 'grown', total: 4, entries: []})",
    )
    assert (desk.value("desk.sheet"), desk.position) == (None, 2)
    assert (desk.now["asked"][-1]["kind"], desk.now["asked"][-1]["from"]) == ("more", 2)


def test_items_that_join_meanwhile_disturb_nobody(desk):
    desk.stand(PASS_FAIL, 2).do(
        "desk.go(1)", "desk.receive({kind: 'grown', total: 4, entries: []})"
    )
    assert (desk.position, desk.value("desk.total")) == (1, 4)


def test_the_first_item_that_joins_is_shown(desk):
    desk.stand(PASS_FAIL, 0, at=None).do(PASS)
    assert desk.now["actions"] == []
    desk.do("desk.receive({kind: 'grown', total: 1, entries: []})")
    desk.do("desk.receive({kind: 'items', total: 1, entries: [makeEntry(0)]})", PASS)
    assert desk.now["actions"] == [["set", 0, "pass"]]


STATE = "desk.receive({kind: 'state', at: 0, latest: [], total: 5, entries: makeEntries(0, 5)})"


def test_the_first_answer_of_python_does_not_take_a_decision_back(desk):
    desk.stand(PASS_FAIL, 5, loaded=2).do(PASS, STATE)
    assert (desk.position, desk.value("desk.entries.get(0).label.answers")) == (
        1,
        {"verdict": "pass"},
    )


def test_the_first_answer_of_python_does_not_move_who_has_gone_elsewhere(desk):
    """A kernel may be busy: what is on the screen stays there, or a key hits another item."""
    desk.stand(PASS_FAIL, 5).do("desk.go(3)", STATE)
    assert desk.position == 3


def test_memory_stays_bounded_over_ten_thousand_items(desk):
    found = desk.stand(PASS_FAIL, 10_000, loaded=40).value("""() => {
        let most = 0;
        for (let n = 0; n < 10_000; n++) {
            choose("verdict", "pass");
            const from = desk.loaded;
            const entries = from - desk.position < 250 ? makeEntries(from, 3) : [];
            ack(n + 1, n, { answers: { verdict: "pass" } }, { total: 10_000, entries });
            most = Math.max(most, desk.entries.size);
        }
        return [most, desk.position, link.pending.size, desk.latest.length, localStorage.length];
    }""")
    assert found[0] <= 650
    assert found[1:3] == [9_999, 0]
    assert found[3] <= 40
    assert found[4] == 0


def test_items_with_decisions_on_their_way_are_never_dropped(desk):
    desk.stand(PASS_FAIL, 2_000, loaded=5).do(PASS, "desk.flag()")
    desk.do("desk.take({entries: makeEntries(5, 1_000)})", "desk.go(900)")
    kept = desk.value(
        "[desk.entries.size, desk.entries.has(0), desk.entries.has(1), desk.entries.has(2)]"
    )
    assert kept[0] <= 650
    assert kept[1:] == [True, True, False]


def test_after_five_hundred_waiting_decisions_nothing_more_is_taken(desk):
    desk.stand(PASS_FAIL, 600).do(f"for (let n = 0; n < 510; n++) {PASS}")
    assert (desk.position, len(desk.now["pending"])) == (500, 500)
    assert "500 decisions wait" in desk.now["trouble"]
    assert desk.value("desk.entries.get(500).label.answers") == {}
    desk.do("ack(1, 0, {answers: {verdict: 'pass'}})", PASS)
    assert desk.position == 501


LEFT = """
    localStorage.setItem("p:old", JSON.stringify({ at: time.now, kept: [
        { kind: "decide", session: "old", seq: 4, pos: 0, title: "i0", action: "flag" },
        { kind: "decide", session: "old", seq: 5, pos: 1, title: "i1", action: "flag" },
    ] }));
    time.now += AGE;
"""


def test_what_an_earlier_page_left_is_handed_over_and_then_forgotten(desk):
    desk.stand(PASS_FAIL, 5).do(LEFT.replace("AGE", "60_000"), STATE)
    handed = [(s["session"], s["seq"], s["oldest"]) for s in desk.value("sent")]
    assert handed == [("old", 4, 4), ("old", 5, 4)]
    desk.do("ack(4, 0, {flagged: true}, {session: 'old'})")
    assert desk.value("localStorage.length") == 1
    desk.do("ack(5, 1, {flagged: true}, {session: 'old'})")
    assert desk.value("localStorage.length") == 0
    assert desk.value("[0, 1].map(p => desk.entries.get(p).label.flagged)") == [True, True]
    assert "now saved" in desk.now["echo"]


def test_what_an_earlier_page_left_and_python_refuses_is_told_once(desk):
    """Otherwise it is refused again whenever the labeller is opened."""
    desk.stand(PASS_FAIL, 5).do(LEFT.replace("AGE", "60_000"), STATE)
    desk.do("ack(4, 0, {flagged: true}, {session: 'old'})")
    desk.do("desk.receive({kind: 'refused', session: 'old', seq: 5, text: 'no'})")
    assert (desk.now["trouble"], desk.value("localStorage.length")) == ("no", 0)


# A desk and Python's log.


def test_a_desk_and_pythons_log_agree_whatever_is_done(desk, page):
    chance = random.Random(11)
    for _ in range(25):
        desk.stand(TWO, 6)
        page.evaluate("steps => { for (const step of steps) eval(step); }", _some_steps(chance, 40))
        fold = Fold()
        for decision in page.evaluate("sent.filter((s) => s.kind === 'decide')"):
            fold.apply(event_of(decision, decision["pos"]))
        found = page.evaluate("[0, 1, 2, 3, 4, 5].map((p) => desk.entries.get(p).label)")
        assert found == [fold.label(EntryKey(f"i{n}")).to_wire() for n in range(6)]


def _some_steps(chance, count):
    """Lines of the page's language: what a person might do on six items."""
    lines = (
        lambda: f"choose('verdict', '{chance.choice(['pass', 'fail'])}')",
        lambda: f"choose('tone', {chance.randrange(1, 6)})",
        lambda: f"desk.go({chance.randrange(6)})",
        lambda: "desk.decide('clear', { dimension: 'tone' })",
        lambda: f"desk.decide('comment', {{ value: '{chance.choice(['', 'a', 'b'])}' }})",
        lambda: "desk.skip()",
        lambda: "desk.flag()",
        lambda: "if (desk.done.length) desk.takeBack()",
        lambda: "if (desk.done.length) desk.takeBack()",
        lambda: "if (desk.undone.length) desk.doAgain()",
    )
    return [chance.choice(lines)() for _ in range(count)]

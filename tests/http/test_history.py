"""Logs over HTTP: dates, and pages that go on where the last one ended."""
import urllib.parse

import lakefs
from test_api import call


def commits(lake, query="", ref="main"):
    status, r = call(lake, "GET", f"/repositories/{lake.repo}/refs/{ref}/commits{query}")
    return status, r


def after(token, amount=2):
    return f"?amount={amount}&after=" + urllib.parse.quote(token)


def story(lake):
    """A merge, with commits on both sides of it."""
    lake.put("main/a", b"1")
    lake.commit()
    dev = lake.repository.branch("dev").create("main")
    for step in range(3):
        for ref in ("main", "dev"):
            lake.put(f"{ref}/{ref}", str(step).encode())
            lake.commit(ref)
    dev.merge_into(lake.main)
    lake.put("main/b", b"2")
    lake.commit()


def test_pages_of_a_log_go_on_behind_merges(lake):
    story(lake)
    want = [c["id"] for c in commits(lake)[1]["results"]]
    assert len(want) == 10
    for amount in (1, 2, 3, 7):
        got, token = [], ""
        while True:
            status, r = commits(lake, after(token, amount))
            assert status == 200
            got += [c["id"] for c in r["results"]]
            if not r["pagination"]["has_more"]:
                break
            token = r["pagination"]["next_offset"]
            assert token.startswith(":")
        assert got == want
    assert [c.id for c in lake.main.log(max_amount=10)] == want
    assert [c["id"] for c in commits(lake, f"?after={want[3]}")[1]["results"]] == want[4:]
    assert [c["id"] for c in commits(lake, f"?after=main~1")[1]["results"]] == want[2:]


def test_offsets_that_were_made_up(lake):
    story(lake)
    ids = [c["id"] for c in commits(lake)[1]["results"]]
    first = ":" + ids[-1]
    assert len(commits(lake, after(first))[1]["results"]) == 1
    for token in (":", ":main", ":" + "f" * 64, first.upper(), first + ":", first + first, first[:-1],
                  first + "~0", first + "\0", first.replace(":", "::"), ":" * 65,
                  "".join(":%064x" % i for i in range(65)), first + "\xff", first * 100):
        status, r = commits(lake, after(token))
        assert status == 400 and "after" in r["message"], token
    for token, code in (("nosuch", 404), ("f" * 64, 404), ("x" * 600, 400), ("a b", 400)):
        assert commits(lake, after(token))[0] == code, token
    other = lake.repo + "-o"
    lakefs.Repository(other, client=lake.client).create(storage_namespace=f"local://{other}")
    assert call(lake, "GET", f"/repositories/{other}/refs/main/commits" + after(first))[0] == 400


def test_dates_have_limits(lake):
    path = f"/repositories/{lake.repo}/branches/main/commits"
    body = lambda date: {"message": "m", "allow_empty": True, "date": date}
    last = 253402300799
    for date in (1, 1700000000, last):
        status, r = call(lake, "POST", path, body(date))
        assert (status, r["creation_date"]) == (201, date)
    for date in (-1, last + 1, 2 ** 63 - 1):
        status, r = call(lake, "POST", path, body(date))
        assert status == 400 and "date" in r["message"]
    # The latest first, and each before its parent, whatever the dates say.
    assert [c["creation_date"] for c in commits(lake)[1]["results"]][:3] == [last, 1700000000, 1]
    lake.put("main/x", b"1")
    lake.commit()
    assert commits(lake)[1]["results"][1]["creation_date"] == last


def test_since_is_exact(lake):
    path = f"/repositories/{lake.repo}/branches/main/commits"
    for date in (1700000000, 1700000010):
        call(lake, "POST", path, {"message": "m", "allow_empty": True, "date": date})
    for since, n in (("2023-11-14T22:13:20Z", 3), ("2023-11-14T22:13:20.001Z", 2),
                     ("2023-11-14T22:13:30Z", 2), ("2023-11-14T22:13:31Z", 1)):
        assert len(commits(lake, "?since=" + since)[1]["results"]) == n, since
    assert commits(lake, "?since=yesterday")[0] == 400

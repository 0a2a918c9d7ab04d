"""Golden cases: exchange files by hand, published figures by hand, and a memo that an accountant can check.

<case>/*.csv          what is dropped first, <case>/<n>/*.csv what replaces it from the n-th delivery on
<case>/case.yaml      title, scenario (one of scenarios.yaml), reference
<case>/expected.yaml  checks: table, where (column -> value, `*` matches any text), column and the sum it `is`,
                      or `rows`: none or some
<case>/memo.md        why, in a few lines

Keys start with the case, so that all cases of a scenario share a workspace.
"""

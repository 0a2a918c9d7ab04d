"""python -m tests.mutations: every mutation against its golden cases; exit code 1 if one is not caught."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.golden.cases import load_cases
from tests.mutations.mutations import MUTATIONS
from tests.mutations.proof import SCENARIOS, Proof, Result, faults_of, project_texts


def main() -> int:
    start = time.monotonic()
    cases, texts = load_cases(), project_texts()
    known = [case.case_id for case in cases]
    faults = [
        f"{mutation.name}: {fault}" for mutation in MUTATIONS for fault in faults_of(mutation, texts, known)
    ]
    if faults:
        print("\n".join(faults))
        return 1
    results = []
    for scenario in SCENARIOS:
        own = {case.case_id: case for case in cases if case.scenario == scenario}
        mutations = [mutation for mutation in MUTATIONS if mutation.cases[0] in own]
        named = {case_id for mutation in mutations for case_id in mutation.cases}
        with tempfile.TemporaryDirectory() as folder:
            proof = Proof(Path(folder) / "workspace", [own[case_id] for case_id in sorted(named)])
            if failures := proof.failures():
                print("without a mutation these fail already:", failures)
                return 1
            print(
                f"{scenario}: {len(named)} cases hold, {time.monotonic() - start:.0f} s\n",
                flush=True,
            )
            for mutation in mutations:
                results.append(proof.run(mutation))
                print(_told(results[-1]), flush=True)
    caught = sum(result.is_caught for result in results)
    print(f"\n{caught} of {len(results)} caught, {time.monotonic() - start:.0f} s")
    return 0 if caught == len(results) else 1


def _told(result: Result) -> str:
    mutation = result.mutation
    head = f"{mutation.sentence:<24} {mutation.name:<68} {result.seconds:4.1f} s  "
    if result.invalid:
        return f"{head}INVALID: {result.invalid}"
    if result.missed_by:
        return f"{head}SURVIVED in {', '.join(result.missed_by)}"
    case_id, difference = next(iter(result.differences.items()))
    return f"{head}caught by {', '.join(result.differences)}\n{'':<25}{case_id}: {difference}"


if __name__ == "__main__":
    sys.exit(main())

"""The guide of what can be watched is true: every example in it is a monitor that can be set up."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from stormproof.watch.kinds import KINDS, read_settings

GUIDE = Path(__file__).parents[2] / "docs/guides/what-can-be-watched.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
EXAMPLES: dict[str, Any] = {
    name: example for block in BLOCKS for name, example in yaml.load(block, Loader=yaml.BaseLoader).items()
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_of_the_guide_can_be_set_up(name: str) -> None:
    settings = read_settings(EXAMPLES[name])
    assert KINDS[settings.kind].target(settings)

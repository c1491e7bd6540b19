"""Forms of recovery: the values a run is started with."""

from __future__ import annotations

from typing import Any

from django import forms

from stormproof.recover.choices import RunMode
from stormproof.recover.kinds.shapes import ProcedureShape


class StartForm(forms.Form):
    """Mode and parameters of a run; one field for each parameter of the procedure."""

    mode = forms.ChoiceField(
        choices=RunMode.choices,
        label="Is this real or a drill?",
        help_text="A drill runs the same steps for real, leaves out those marked as real only, and is counted apart.",
    )

    def __init__(self, *args: Any, shape: ProcedureShape, **more: Any) -> None:
        super().__init__(*args, **more)
        for name, parameter in shape.parameters.items():
            self.fields[f"value_{name}"] = forms.CharField(
                label=name.replace("_", " ").capitalize(),
                initial=parameter.default,
                required=parameter.default is None,
                max_length=500,
                help_text=parameter.description,
            )

    def values(self) -> dict[str, str | None]:
        """The parameters as they were typed."""
        fields = self.cleaned_data.items()
        return {name.removeprefix("value_"): value for name, value in fields if name.startswith("value_")}

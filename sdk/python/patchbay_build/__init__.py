"""Makes the component of a Python project. Run by `patchbay build`, in the project's own virtual environment.

    python -m patchbay_build PROJECT --wit DIR --sdk DIR --packages DIR --out FILE
"""

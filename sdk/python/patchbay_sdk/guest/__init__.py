"""The component's side: the contract's functions, and the SDK's types around them.

Only a component imports this: `wit_world` is what `componentize-py` makes of the WIT files, and is nowhere else. The
modules `auth`, `fetch` and `push` each hold one exported interface, and a component imports those that it exports.
"""

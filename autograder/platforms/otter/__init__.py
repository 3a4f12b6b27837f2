"""otter-grader: the notebook that `otter assign` hands out, and the plugin through which `otter run` asks the judge.

The hooks of a plugin are https://otter-grader.readthedocs.io/en/latest/plugins/creating.html.
"""

"""otter-grader: the notebook for `otter assign`, and the plugin through which `otter run` calls the judge.

The hooks of plugins: https://otter-grader.readthedocs.io/en/latest/plugins/creating.html.
"""

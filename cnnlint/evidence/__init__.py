"""What is known of a file's models, and how surely: how they are built, their inputs, losses and classes.

The steps, from text to facts that a trace can stand on:

- gather: what the text says (`survey`, `models`, `directives`, `annotations`, `settings`, `losses`, and
  `users` and `project` for other files);
- follow: where data flows from a data set to a call of a model (`handed`, `tensors`, `loaders`, `datasets`);
- weigh: which facts count, and which only choose among what the layers accept (`weighing`);
- solve: what the layers themselves need (`solving`);
- prove: whether what rests on an assumption holds for other values too (`variation`, `probing`).

Nothing here runs the user's code or imports torch: what must be evaluated or traced is asked of the runtime.
"""

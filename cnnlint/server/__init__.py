"""`cnnlint server`: what a run would say, and what a model does to sizes, while one types.

`session` keeps the open documents and checks them, each check in a thread (`checking`) and its forward
passes in workers that stay warm. `hints`, `hover`, `lenses`, `problems` and `actions` turn
what is known of a `document` into what editors show; `protocol` speaks with the editor. The process itself
never imports torch.
"""

"""Arguments that the field calls by the same names everywhere, and what they are taken to be."""

from __future__ import annotations

from typing import Any

CONVENTIONAL_ARGUMENTS: dict[str, Any] = {
    **dict.fromkeys(
        """num_classes n_classes num_class nclass nclasses classes n_class class_num num_labels n_labels
        nb_classes num_categories n_categories class_count numclasses classes_num
        output_size output_dim num_outputs
        n_outputs n_output out_dim out_size""".split(),
        10,
    ),
    **dict.fromkeys(
        """in_channels in_chans in_ch n_channels num_channels input_channels channels img_channels
        image_channels channels_img nc in_channel input_channel input_nc output_nc out_channels out_ch
        n_colors num_input_channels n_input_channels img_ch""".split(),
        3,
    ),
    **dict.fromkeys("upscale_factor scale_factor upscale scale".split(), 2),
    **dict.fromkeys("latent_dim latent_size z_dim zdim nz noise_dim channels_noise".split(), 100),
    **dict.fromkeys(
        """ndf ngf nf features_d features_g hidden_dim hidden_size hidden_channels hidden_features
        hidden_units n_hidden num_hidden hid_dim nhid emb_dim emb_size embed_dim embed_size embedding_dim
        embedding_size ninp d_model model_dim dim base_channels base_filters num_filters n_filters
        num_features n_features feature_dim input_dim in_features in_dim""".split(),
        64,
    ),
    **dict.fromkeys("dim_feedforward d_ff ffn_dim mlp_dim".split(), 128),
    **dict.fromkeys("num_heads n_heads nhead n_head heads attention_heads num_attention_heads".split(), 4),
    **dict.fromkeys(
        "num_layers n_layers nlayers n_layer depth num_blocks n_blocks num_res_blocks".split(), 2
    ),
    **dict.fromkeys("dropout dropout_rate dropout_prob drop_rate drop_prob drop p".split(), 0.5),
    **dict.fromkeys("img_size image_size input_size".split(), 224),
    **dict.fromkeys(
        "seq_len seq_length sequence_length max_len max_length max_seq_len block_size".split(), 64
    ),
    **dict.fromkeys("num_actions n_actions action_dim".split(), 4),
    **dict.fromkeys(
        """vocab_size n_vocab num_vocab vocabulary_size ntoken ntokens num_tokens n_tokens num_embeddings
        num_words dict_size src_vocab_size tgt_vocab_size""".split(),
        1000,
    ),
    "patch_size": 16,
    "kernel_size": 3,
    "ngpu": 1,
    "bias": True,
    "pretrained": False,
    "growth_rate": 32,
}
"""What a constructor's argument of this name is taken to be where nothing supplies it."""


def counts_classes(name: str) -> bool:
    """Whether an argument of this name says how many classes a whole model tells apart."""
    return ("class" in name or "label" in name) and CONVENTIONAL_ARGUMENTS.get(name) == 10

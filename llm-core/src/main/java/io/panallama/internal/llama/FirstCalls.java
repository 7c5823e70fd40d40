package io.panallama.internal.llama;

import io.panallama.bindings.generated.LlamaCpp;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * Links the native calls that a first answer needs. The JVM makes code for each signature when a call of it is linked,
 * which no archive of classes can hold and which takes milliseconds in a new process; here it happens beside other work,
 * or has happened ({@link io.panallama.bindings.Signatures}). A call that is not listed is linked when it is made. Stateless.
 */
final class FirstCalls {
  /** One call for each signature between the load of a model and its first token, roughly in their order. */
  static final List<Supplier<MethodHandle>> CALLS =
      List.of(
          LlamaCpp::ggml_backend_dev_count$handle,
          LlamaCpp::ggml_backend_dev_get$handle,
          LlamaCpp::ggml_backend_dev_memory$handle,
          LlamaCpp::ggml_backend_dev_type$handle,
          LlamaCpp::ggml_backend_reg_get_proc_address$handle,
          LlamaCpp::llama_model_default_params$handle,
          LlamaCpp::llama_model_load_from_file$handle,
          LlamaCpp::llama_model_meta_key_by_index$handle,
          LlamaCpp::llama_model_meta_val_str_by_index$handle,
          LlamaCpp::llama_model_desc$handle,
          LlamaCpp::llama_model_has_decoder$handle,
          LlamaCpp::llama_model_n_ctx_train$handle,
          LlamaCpp::llama_model_size$handle,
          LlamaCpp::llama_vocab_get_attr$handle,
          LlamaCpp::llama_vocab_is_eog$handle,
          LlamaCpp::llama_vocab_get_suppress_tokens$handle,
          LlamaCpp::panallama_pieces$handle,
          LlamaCpp::panallama_memory_estimate$handle,
          LlamaCpp::ggml_threadpool_params_default$handle,
          LlamaCpp::llama_context_default_params$handle,
          LlamaCpp::llama_init_from_model$handle,
          LlamaCpp::llama_attach_threadpool$handle,
          LlamaCpp::llama_memory_seq_rm$handle,
          LlamaCpp::panallama_abort_requested$handle,
          LlamaCpp::panallama_cancel_by$handle,
          LlamaCpp::panallama_chat_template_new$handle,
          LlamaCpp::panallama_chat_template_apply$handle,
          LlamaCpp::panallama_tokenize_prompt$handle,
          LlamaCpp::panallama_tokenize$handle,
          LlamaCpp::panallama_sampler_chain_new$handle,
          LlamaCpp::panallama_sampler_chain_add$handle,
          LlamaCpp::panallama_sampler_dist$handle,
          LlamaCpp::panallama_sampler_top_k$handle,
          LlamaCpp::panallama_sampler_top_p$handle,
          LlamaCpp::panallama_sampler_temp$handle,
          LlamaCpp::panallama_decode$handle,
          LlamaCpp::panallama_sample$handle);

  private FirstCalls() {}

  /** Links them on the current thread. The libraries must be loaded. */
  static void link() {
    CALLS.forEach(call -> Objects.requireNonNull(call.get()));
  }
}

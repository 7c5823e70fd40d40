/**
 * Answers as Java values: a record, an enum or a sealed interface defines what the model may answer.
 *
 * <pre>{@code
 * record Item(String name, @Range(min = 1, max = 99) int count) {}
 *
 * record Order(String customer, List<Item> items, Optional<LocalDate> due) {}
 *
 * Order order = engine.ask("Read the order: Ada wants two pens and a book.", Order.class);
 * }</pre>
 *
 * <p>An {@link io.panallama.typed.AnswerType} turns the Java type into a JSON schema, from which llama.cpp builds a grammar, so the sampler takes no token that would lead to anything else. Everything in the schema is enforced; a type that can't be enforced is rejected when it is inspected, with an {@link io.panallama.error.UnsupportedTypeException}.
 *
 * <table class="striped">
 * <caption>JSON for each Java type</caption>
 * <thead><tr><th>Java</th><th>JSON</th></tr></thead>
 * <tbody>
 * <tr><td>record</td><td>object with all components, in order; without type parameters; may contain itself</td></tr>
 * <tr><td>component of type {@code Optional<T>}, {@code OptionalInt}, {@code OptionalLong}, {@code OptionalDouble}</td>
 * <td>property that may be missing; such properties come after the others</td></tr>
 * <tr><td>sealed interface of records</td><td>object with the record's name in the property {@code "type"}, see {@link
 * io.panallama.typed.annotation.Discriminator}</td></tr>
 * <tr><td>enum</td><td>string, the name of a constant</td></tr>
 * <tr><td>{@code List}, {@code Collection}, array</td><td>array, see {@link io.panallama.typed.annotation.Size}</td></tr>
 * <tr><td>{@code Set}</td><td>array; duplicates are merged</td></tr>
 * <tr><td>{@code Map<String, T>}</td><td>object with any property names; if a name occurs twice, the last value counts</td></tr>
 * <tr><td>{@code String}</td><td>string, see {@link io.panallama.typed.annotation.Length} and {@link io.panallama.typed.annotation.Matches}</td></tr>
 * <tr><td>{@code byte}, {@code short}, {@code int} and their wrappers</td><td>integer in the type's range or that of {@link
 * io.panallama.typed.annotation.Range}</td></tr>
 * <tr><td>{@code long}, {@code BigInteger}</td><td>integer of at most 16 digits</td></tr>
 * <tr><td>{@code double}, {@code BigDecimal}</td><td>number of at most 16 digits on either side of the point, with an exponent of
 * two digits: always finite</td></tr>
 * <tr><td>{@code boolean}</td><td>true or false</td></tr>
 * <tr><td>{@code LocalDate}, {@code LocalTime}, {@code LocalDateTime}, {@code OffsetDateTime}, {@code Instant}, {@code UUID}</td>
 * <td>string in the form that their {@code parse} reads; only days that exist</td></tr>
 * </tbody>
 * </table>
 *
 * <p>There is no {@code float}, because no grammar of llama.cpp bounds numbers with a fraction, and no {@code char}. Nothing is ever null: use {@code Optional} for what may be missing.
 */
@NullMarked
package io.panallama.typed;

import org.jspecify.annotations.NullMarked;

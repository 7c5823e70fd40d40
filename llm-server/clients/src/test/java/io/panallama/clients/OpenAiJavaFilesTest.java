package io.panallama.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.MultipartField;
import com.openai.core.http.HttpResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.models.ComparisonFilter;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FileListParams;
import com.openai.models.files.FileObject;
import com.openai.models.files.FilePurpose;
import com.openai.models.uploads.Upload;
import com.openai.models.uploads.UploadCompleteParams;
import com.openai.models.uploads.UploadCreateParams;
import com.openai.models.uploads.parts.PartCreateParams;
import com.openai.models.uploads.parts.UploadPart;
import com.openai.models.vectorstores.VectorStore;
import com.openai.models.vectorstores.VectorStoreCreateParams;
import com.openai.models.vectorstores.VectorStoreSearchParams;
import com.openai.models.vectorstores.VectorStoreSearchResponse;
import com.openai.models.vectorstores.filebatches.FileBatchCreateParams;
import com.openai.models.vectorstores.filebatches.FileBatchRetrieveParams;
import com.openai.models.vectorstores.filebatches.VectorStoreFileBatch;
import com.openai.models.vectorstores.files.FileRetrieveParams;
import com.openai.models.vectorstores.files.FileUpdateParams;
import com.openai.models.vectorstores.files.VectorStoreFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** OpenAI's client for Java, as it is: files, uploads in parts, and vector stores. */
@ExtendWith(ServedModelUnderTest.class)
class OpenAiJavaFilesTest {
  private final OpenAIClient client =
      OpenAIOkHttpClient.builder()
          .baseUrl(ServedModelUnderTest.openAiUrl())
          .apiKey(ServedModelUnderTest.KEY)
          .timeout(Duration.ofSeconds(60))
          .maxRetries(0)
          .build();

  private FileObject upload(String name, String text) {
    InputStream bytes = new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    return client
        .files()
        .create(
            FileCreateParams.builder()
                .file(MultipartField.<InputStream>builder().value(bytes).filename(name).build())
                .purpose(FilePurpose.ASSISTANTS)
                .build());
  }

  @Test
  void aFileIsUploadedListedReadAndDeleted() throws IOException {
    FileObject file = upload("notes.md", "# Notes");
    file.validate();
    assertThat(file.filename()).isEqualTo("notes.md");
    assertThat(client.files().retrieve(file.id())).isEqualTo(file);
    List<String> ids =
        client.files().list(FileListParams.builder().limit(1).build()).autoPager().stream()
            .map(FileObject::id)
            .toList();
    assertThat(ids).contains(file.id());
    try (HttpResponse content = client.files().content(file.id())) {
      assertThat(content.body().readAllBytes()).asString(StandardCharsets.UTF_8).isEqualTo("# Notes");
    }
    assertThat(client.files().delete(file.id()).deleted()).isTrue();
    assertThatThrownBy(() -> client.files().retrieve(file.id())).isInstanceOf(NotFoundException.class);
  }

  @Test
  void aFileIsUploadedInPartsOrGivenUp() throws IOException {
    UploadCreateParams announced =
        UploadCreateParams.builder()
            .filename("notes.md")
            .purpose(FilePurpose.ASSISTANTS)
            .bytes(7)
            .mimeType("text/markdown")
            .build();
    Upload upload = client.uploads().create(announced);
    upload.validate();
    assertThat(upload.status()).isEqualTo(Upload.Status.PENDING);
    String end = part(upload, "tes");
    String begin = part(upload, "# No");
    Upload completed =
        client
            .uploads()
            .complete(UploadCompleteParams.builder().uploadId(upload.id()).partIds(List.of(begin, end)).build());
    completed.validate();
    assertThat(completed.status()).isEqualTo(Upload.Status.COMPLETED);
    FileObject file = completed.file().orElseThrow();
    try (HttpResponse content = client.files().content(file.id())) {
      assertThat(content.body().readAllBytes()).asString(StandardCharsets.UTF_8).isEqualTo("# Notes");
    }
    client.files().delete(file.id());

    Upload given = client.uploads().create(announced);
    assertThat(client.uploads().cancel(given.id()).status()).isEqualTo(Upload.Status.CANCELLED);
    assertThatThrownBy(() -> part(given, "x")).isInstanceOf(BadRequestException.class);
    assertThatThrownBy(() -> client.uploads().cancel("upload_none")).isInstanceOf(NotFoundException.class);
  }

  private String part(Upload upload, String text) {
    UploadPart part =
        client
            .uploads()
            .parts()
            .create(
                PartCreateParams.builder().uploadId(upload.id()).data(text.getBytes(StandardCharsets.UTF_8)).build());
    part.validate();
    assertThat(part.uploadId()).isEqualTo(upload.id());
    return part.id();
  }

  @Test
  void aVectorStoreIsFilledSearchedAndDeleted() throws InterruptedException {
    FileObject wombat = upload("wombat.txt", "The wombat digs burrows.");
    FileObject llama = upload("llama.txt", "The llama hums.");
    VectorStore store = client.vectorStores().create(VectorStoreCreateParams.builder().name("java").build());
    store.validate();
    VectorStoreFileBatch batch =
        client
            .vectorStores()
            .fileBatches()
            .create(
                FileBatchCreateParams.builder()
                    .vectorStoreId(store.id())
                    .fileIds(List.of(wombat.id(), llama.id()))
                    .build());
    batch.validate();
    while (batch.status().equals(VectorStoreFileBatch.Status.IN_PROGRESS)) {
      Thread.sleep(20);
      batch =
          client
              .vectorStores()
              .fileBatches()
              .retrieve(FileBatchRetrieveParams.builder().vectorStoreId(store.id()).batchId(batch.id()).build());
    }
    assertThat(batch.fileCounts().completed()).isEqualTo(2);
    VectorStoreFile updated =
        client
            .vectorStores()
            .files()
            .update(
                FileUpdateParams.builder()
                    .vectorStoreId(store.id())
                    .fileId(llama.id())
                    .attributes(
                        FileUpdateParams.Attributes.builder()
                            .putAdditionalProperty("animal", JsonValue.from("llama"))
                            .build())
                    .build());
    updated.validate();
    VectorStoreFile read =
        client
            .vectorStores()
            .files()
            .retrieve(FileRetrieveParams.builder().vectorStoreId(store.id()).fileId(llama.id()).build());
    assertThat(read).isEqualTo(updated);

    List<VectorStoreSearchResponse> found =
        client
            .vectorStores()
            .search(VectorStoreSearchParams.builder().vectorStoreId(store.id()).query("wombat burrows").build())
            .data();
    assertThat(found).hasSize(2).allSatisfy(VectorStoreSearchResponse::validate);
    assertThat(found.getFirst().filename()).isEqualTo("wombat.txt");
    List<VectorStoreSearchResponse> filtered =
        client
            .vectorStores()
            .search(
                VectorStoreSearchParams.builder()
                    .vectorStoreId(store.id())
                    .query("animals")
                    .filters(
                        ComparisonFilter.builder().type(ComparisonFilter.Type.EQ).key("animal").value("llama").build())
                    .build())
            .data();
    assertThat(filtered).extracting(VectorStoreSearchResponse::fileId).containsExactly(llama.id());

    assertThat(client.vectorStores().delete(store.id()).deleted()).isTrue();
    client.files().delete(wombat.id());
    client.files().delete(llama.id());
    assertThatThrownBy(() -> client.vectorStores().retrieve(store.id())).isInstanceOf(NotFoundException.class);
  }
}

package io.panallama.server.dialect.files;

import io.panallama.server.dialect.Dialect;
import io.panallama.server.dialect.ErrorWriter;
import io.panallama.server.dialect.FieldNames;
import io.panallama.server.dialect.Route;
import io.panallama.server.dialect.fields.CoreNames;
import io.panallama.server.dialect.fields.ErrorObject;
import java.util.List;
import java.util.Set;

/** OpenAI's API of files and vector stores: uploads, stores, searches. */
public final class FilesDialect implements Dialect {
  private static final String FILES = "/v1/files";
  private static final String UPLOADS = "/v1/uploads";
  private static final String STORES = "/v1/vector_stores";
  private static final String STORE = STORES + "/*";
  private static final String STORE_FILES = STORE + "/files";
  private static final String BATCHES = STORE + "/file_batches";

  /** The dialect of any server. */
  public FilesDialect() {}

  @Override
  public String name() {
    return "files";
  }

  @Override
  public List<Route> routes() {
    return List.of(
        new Route.Upload(FILES, FileRoutes::upload),
        new Route.Get(FILES, FileRoutes::list),
        new Route.Get(FILES + "/*/content", FileRoutes::content),
        new Route.Get(FILES + "/*", FileRoutes::retrieve),
        new Route.Delete(FILES + "/*", FileRoutes::delete),
        new Route.Post(UPLOADS, UploadRoutes::create),
        new Route.Upload(UPLOADS + "/*/parts", UploadRoutes::addPart),
        new Route.Post(UPLOADS + "/*/complete", UploadRoutes::complete),
        new Route.Post(UPLOADS + "/*/cancel", UploadRoutes::cancel),
        new Route.Post(STORES, StoreRoutes::create),
        new Route.Get(STORES, StoreRoutes::list),
        new Route.Post(STORE + "/search", SearchRoute::answer),
        new Route.Post(STORE_FILES, StoreFileRoutes::create),
        new Route.Get(STORE_FILES, StoreFileRoutes::list),
        new Route.Get(STORE_FILES + "/*/content", StoreFileRoutes::content),
        new Route.Get(STORE_FILES + "/*", StoreFileRoutes::retrieve),
        new Route.Post(STORE_FILES + "/*", StoreFileRoutes::change),
        new Route.Delete(STORE_FILES + "/*", StoreFileRoutes::delete),
        new Route.Post(BATCHES, StoreFileRoutes::createBatch),
        new Route.Post(BATCHES + "/*/cancel", StoreFileRoutes::cancelBatch),
        new Route.Get(BATCHES + "/*/files", StoreFileRoutes::listBatch),
        new Route.Get(BATCHES + "/*", StoreFileRoutes::retrieveBatch),
        new Route.Get(STORE, StoreRoutes::retrieve),
        new Route.Post(STORE, StoreRoutes::change),
        new Route.Delete(STORE, StoreRoutes::delete));
  }

  /** Clients of Azure say which version of the API they speak. */
  @Override
  public Set<String> harmlessQuery() {
    return Set.of("api-version");
  }

  @Override
  public ErrorWriter errors() {
    return ErrorObject::write;
  }

  @Override
  public FieldNames fieldNames() {
    return CoreNames::wireName;
  }
}

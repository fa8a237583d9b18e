import edu.hm.hafner.analysis.FileReaderFactory;
import edu.hm.hafner.analysis.registry.ParserRegistry;
import java.nio.file.Path;

/** What Jenkins makes of our files: `Read sarif FILE` lists issues as Warnings does, `Read groovy FILE` parses a pipeline. */
public class Read {
    public static void main(String[] args) throws Exception {
        Path file = Path.of(args[1]);
        if (args[0].equals("groovy")) {
            new groovy.lang.GroovyShell().parse(file.toFile());
            System.out.println("parsed");
            return;
        }
        var report = new ParserRegistry().get("sarif").createParser().parse(new FileReaderFactory(file));
        report.forEach(i -> System.out.printf("%s %s:%d %s%n", i.getSeverity(), i.getFileName(), i.getLineStart(), i.getMessage()));
    }
}

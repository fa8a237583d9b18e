package scan
import ("testing";"os";"time";"context";"syscall";"fmt";"runtime/pprof";"github.com/fairtrial/fairtrial/internal/cases";"github.com/fairtrial/fairtrial/internal/slice";"github.com/fairtrial/fairtrial/internal/engine";"github.com/fairtrial/fairtrial/internal/engine/local/duck")
func cpu() float64 { var u syscall.Rusage; syscall.Getrusage(0,&u); return float64(u.Utime.Sec+u.Stime.Sec)+float64(u.Utime.Usec+u.Stime.Usec)/1e6 }
func TestBig(t *testing.T){
 f:=os.Getenv("BIG"); if f=="" {t.Skip()}
 req:=engine.Request{Task:cases.Binary,Source:f,Label:"label",Positive:"1",Baseline:1,Models:[]cases.Model{{Key:"candidate",Score:"a",Threshold:half()},{Key:"baseline",Score:"b",Threshold:half()}},NeedProbability:[]bool{true,true}}
 if os.Getenv("CL")!="" {req.Cluster="g";req.Weight="w"}
 for _,c:=range []string{"s2","s5","s10","s50","s100"} {req.Slices=append(req.Slices,slice.Partition{Columns:[]string{c}})}
 if p:=os.Getenv("PROF");p!="" {w,_:=os.Create(p);pprof.StartCPUProfile(w);defer pprof.StopCPUProfile()}
 for k:=0;k<3;k++{
 db,_:=duck.Open(duck.Options{Threads:2})
 c0,t0:=cpu(),time.Now()
 p,err:=Prepare(context.Background(),db,req); if err!=nil{t.Fatal(err)}
 s,err:=p.Read(context.Background()); if err!=nil{t.Fatal(err)}
 fmt.Println(s.Rows.N,s.Facts.Rows,"cpu",cpu()-c0,"wall",time.Since(t0),"est MB",p.Bytes()>>20, s.Facts.RowsDigest, len(s.Rows.Parts[4].Names), s.Facts.Clusters)
 db.Close()
 }
 var u syscall.Rusage; syscall.Getrusage(0,&u); fmt.Println("maxrss MB",u.Maxrss/1024)
}
